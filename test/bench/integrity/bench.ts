import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EventStore, EventToAppend } from '@app/event-sourcing';
import { ChainedEventStore, RootFile, RootSigner, verifyLog } from '@app/integrity';
import { PgConfig, PostgresEventStore, PostgresSubjectKeys, startEmbeddedPostgres } from '@app/postgres';
import { provisioningSealing } from '@app/provisioning';
import { KeyWrap, SealingEventStore } from '@app/sealing';
import { closedLoop } from '../closed-loop';
import { Figure, figuresTable } from '../report';
import { writeFleetHistory } from '../time-travel/fleet-history';

const CALLERS = 32;
const WARM_UP_MS = 1_000;
const DURATION_MS = 4_000;
const DEVICES_DEFAULT = 100_000;
const SIGNER_POLL_MS = 50;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const macKey = randomBytes(32);

/** One event that says something of its device in each append, each to a device of its own. */
function* events(): Generator<EventToAppend> {
  for (;;) {
    const id = randomUUID();
    const initialTwin = { tags: { text: 'x'.repeat(200) }, desired: { interval: 60 } };
    const metadata = { actor: { kind: 'device', name: id }, correlationId: id, causationId: id } as const;
    yield { id, type: 'AssignmentStarted', data: { initialTwin, grounds: { text: 'y'.repeat(400) } }, metadata };
  }
}

async function rate(store: EventStore): Promise<number> {
  const callers = Array.from({ length: CALLERS }, (_, index) => index);
  const append = (_: number, event: EventToAppend): Promise<unknown> => store.append(`registration-${event.id}`, 'none', [event]);
  await closedLoop(callers, events(), WARM_UP_MS, append);
  return (await closedLoop(callers, events(), DURATION_MS, append)).perSecond;
}

/** The same appends to the bare store, with the chain, and with sealing outside of it. */
async function measureAppends(config: PgConfig): Promise<Figure[]> {
  const keys = await PostgresSubjectKeys.open({ config, wrap: new KeyWrap(randomBytes(32)) });
  const bare = await PostgresEventStore.open({ config, schema: 'bench_appends' });
  try {
    const chained = new ChainedEventStore(bare, macKey);
    const figures: Figure[] = [];
    for (const [name, store] of [
      ['appends, bare', bare],
      ['appends, chained', chained],
      ['appends, chained and sealed, each with a key to be made', new SealingEventStore(chained, provisioningSealing, keys)],
    ] as const) {
      say(`  ${name} …`);
      figures.push({ name, value: await rate(store), unit: '/s' });
    }
    return figures;
  } finally {
    await keys.close();
    await bare.close();
  }
}

async function measureVerify(config: PgConfig, directory: string, devices: number): Promise<Figure[]> {
  const store = await PostgresEventStore.open({ config, schema: 'bench_verified' });
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const file = (): RootFile => new RootFile(join(directory, 'roots.ndjson'));
  try {
    say(`  the past of ${devices} devices, chained …`);
    const { events: written } = await writeFleetHistory(new ChainedEventStore(store, macKey), devices);
    say(`  signing ${written} events …`);
    const signer = new RootSigner({ name: 'bench', store, file: file(), privateKey, macKey });
    const startedAtMs = performance.now();
    await signer.start();
    const head = await store.headPosition();
    while (store.comparePositions(signer.position, head) < 0) await new Promise((resolve) => setTimeout(resolve, SIGNER_POLL_MS));
    await signer.stop();
    const signedMs = performance.now() - startedAtMs;
    say('  verifying …');
    const verifiedAtMs = performance.now();
    const verdict = await verifyLog({ log: 'bench', store, roots: file().read(), publicKey, macKey });
    if (!verdict.intact) throw new Error(`the log is not intact: ${JSON.stringify(verdict)}`);
    const verifiedMs = performance.now() - verifiedAtMs;
    return [
      { name: 'roots signed', value: (written * 1_000) / signedMs, unit: 'events/s', note: `${verdict.roots} roots` },
      { name: 'log verified', value: (written * 1_000) / verifiedMs, unit: 'events/s', note: `${verdict.streams} streams` },
    ];
  } finally {
    await store.close();
  }
}

/** `npm run bench -- integrity [--devices n]`: what chain and seals cost, and how fast a log is signed and verified. */
export async function benchIntegrity(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { devices: { type: 'string' } } });
  const directory = await mkdtemp(join(tmpdir(), 'rehome-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres') });
  try {
    const appends = await measureAppends(postgres.config);
    const verified = await measureVerify(postgres.config, directory, Number(values.devices ?? DEVICES_DEFAULT));
    say(['', figuresTable([...appends, ...verified]), ''].join('\n'));
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
