import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Attestation, AttestedDevice, attestations } from '@test/support/attested-devices';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { initialTwin, policies } from '@test/support/movable-devices';
import { RunningService, TwinContent, startService, twinAt } from '@test/support/running-service';
import { Transport, transports } from '@test/support/sdk-devices';

const DOCUMENT = join(__dirname, '../../docs/compatibility.md');
const [BEGIN, END] = ['<!-- generated: begin -->', '<!-- generated: end -->'];
const outcomes = ['first', 'migrate', 'reset', 'never'] as const;
type Outcome = (typeof outcomes)[number];

/** The SDK itself has no TPM over MQTT, and over AmqpWs one on port 443 alone. */
const exists = (attestation: Attestation, transport: Transport): boolean =>
  attestation !== 'TPM, individual' || transport === 'Http' || transport === 'Amqp';
const combinations = attestations.flatMap((attestation) => transports.map((transport) => [attestation, transport] as const));
const existing = combinations.filter(([attestation, transport]) => exists(attestation, transport));

/** What happened to the device of a combination, or why it could not be tried. */
type Story = Partial<Record<Outcome, Seen>> & { error?: unknown };
interface Seen {
  readonly assignment: object;
  readonly before: TwinContent | undefined;
  readonly atHubA: TwinContent | undefined;
  readonly atHubB: TwinContent | undefined;
}

const AT_ONCE_MAX = 9;
/** Some failures of the SDK never end: the rest of the table is told all the same. */
const STORY_MS_MAX = 60_000;
const stories = new Map<string, Story>();
const verdicts = new Map<string, boolean>();
let service: RunningService;
let restoreNames: () => void;

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  const waiting = existing.map(([attestation, transport], index) => ({ attestation, transport, id: `device-${index}` }));
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      stories.set(`${next.attestation} ${next.transport}`, await toldInTime(next));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, worker));
}, 120_000);
afterAll(async () => {
  await service.close();
  restoreNames();
});

interface Combination {
  readonly attestation: Attestation;
  readonly transport: Transport;
  readonly id: string;
}

async function toldInTime(combination: Combination): Promise<Story> {
  const story: Story = {};
  const late = sleep(STORY_MS_MAX, undefined, { ref: false }).then(() => Promise.reject(new Error(`over ${STORY_MS_MAX} ms`)));
  await Promise.race([tell(combination, story), late]).catch((error: unknown) => (story.error = error));
  return story;
}

/** One device through all that can happen to it: enrolled at A, sent to B in vain, moved to B, reset to A. */
async function tell({ attestation, transport, id }: Combination, story: Story): Promise<void> {
  const [hubA, hubB] = service.hubs;
  const steps: readonly (readonly [Outcome, string, object])[] = [
    ['first', hubA, policies.never],
    ['never', hubB, policies.never],
    ['migrate', hubB, policies.migrate],
    ['reset', hubA, policies.reset],
  ];
  const device = await AttestedDevice.make(service, attestation, id);
  let hub = hubA;
  for (const [outcome, listed, reprovisionPolicy] of steps) {
    const before = await twinAt(service.registry(hub), id);
    await device.save({ allocationPolicy: 'static', iotHubs: [listed], initialTwin, reprovisionPolicy });
    const assignment = await device.register(transport);
    const [atHubA, atHubB] = [await twinAt(service.registry(hubA), id), await twinAt(service.registry(hubB), id)];
    story[outcome] = { assignment, before, atHubA, atHubB };
    hub = assignment.assignedHub;
    await device.reportAt(hub, { [`after_${outcome}`]: true });
  }
}

const asInitial = { tags: initialTwin.tags, desired: initialTwin.properties.desired, reported: {} };

function check(outcome: Outcome, { assignment, before, atHubA, atHubB }: Seen): void {
  const [hubA, hubB] = service.hubs;
  switch (outcome) {
    case 'first':
      expect(assignment).toMatchObject({ assignedHub: hubA, substatus: 'initialAssignment' });
      expect([atHubA, atHubB]).toEqual([expect.objectContaining(asInitial), undefined]);
      return;
    case 'never':
      expect(assignment).toMatchObject({ assignedHub: hubA, substatus: 'initialAssignment' });
      expect(before).toMatchObject({ reported: { after_first: true } });
      expect([atHubA, atHubB]).toEqual([before, undefined]);
      return;
    case 'migrate':
      expect(assignment).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataMigrated' });
      expect(before).toMatchObject({ reported: { after_first: true, after_never: true } });
      expect([atHubA, atHubB]).toEqual([undefined, before]);
      return;
    case 'reset':
      expect(assignment).toMatchObject({ assignedHub: hubA, substatus: 'deviceDataReset' });
      expect(before).toMatchObject({ reported: { after_migrate: true } });
      expect([atHubA, atHubB]).toEqual([expect.objectContaining(asInitial), undefined]);
      return;
  }
}

describe.each(existing)('%s, over %s', (attestation, transport) => {
  test.each(outcomes)('%s', (outcome) => {
    const { error, [outcome]: seen }: Story = stories.get(`${attestation} ${transport}`) ?? {};
    if (seen === undefined) throw new Error('it did not come to that', { cause: error });
    check(outcome, seen);
    verdicts.set(`${attestation} ${transport} ${outcome}`, true);
  });

  test('the hub takes the device with the same proof after each of them', () => {
    expect(stories.get(`${attestation} ${transport}`)?.error).toBeUndefined();
  });
});

test('the table in docs/compatibility.md says so (UPDATE_DOCS=1 writes it)', () => {
  const table = tableOf();
  process.stdout.write(`\n${table}\n\n`);
  const text = readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  const current = `${text.slice(0, from)}\n\n${table}\n\n${text.slice(to)}`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOCUMENT, current);
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(current);
});

/** Columns are padded as the formatter of the repository pads them. */
function tableOf(): string {
  const head = ['Device proves itself by', 'Transport', ...outcomes];
  const rows = combinations.map(([attestation, transport]) => [
    attestation,
    transport,
    ...outcomes.map((outcome) => verdictOn(attestation, transport, outcome)),
  ]);
  const widths = head.map((_title, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [head, rule, ...rows].map(line).join('\n');
}

function verdictOn(attestation: Attestation, transport: Transport, outcome: Outcome): string {
  if (!exists(attestation, transport)) return '-';
  return verdicts.get(`${attestation} ${transport} ${outcome}`) === true ? 'yes' : 'NO';
}
