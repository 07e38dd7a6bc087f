import { RecordedEvent } from '@app/event-sourcing';
import { ReadModels, startReadModels } from '../read-models/testing/read-model-database';
import { RegistrationHistory, recordedEnrollment } from '../read-models/testing/recorded';
import { InvalidCursor } from '../read-models/page';
import { register, stepsOf } from '../registrations/testing/commands';
import { deviceOf, hubsOf } from '../feed/event-facts';
import { AuditEvent } from './audit-event';
import { enrollmentKey, enrollmentOf } from './audit-facts';
import { AuditFilter, AuditOrder } from './audit-index.queries';
import { AuditLog } from './audit-log';

const DEVICES = 5;
/** Each event is recorded so long after the one before; a few at the same time, as batches are. */
const STEPS_MS = [0, 1, 0, 250];

let models: ReadModels;
let audit: AuditLog;
let log: readonly RecordedEvent[];

async function wholeLog(): Promise<readonly RecordedEvent[]> {
  for await (const { events } of models.store.subscribeToAll({
    from: 'start',
    signal: new AbortController().signal,
    batchSizeMax: 1_000,
  })) {
    return events;
  }
  return [];
}

beforeAll(async () => {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  let step = 0;
  models = await startReadModels(() => new Date((nowMs += STEPS_MS[step++ % STEPS_MS.length] ?? 0)));
  for (let index = 0; index < DEVICES; index++) {
    const history = new RegistrationHistory();
    for (const [round, hub] of ['hub-a', 'hub-b'].entries()) {
      const entry = { iotHubs: [hub], allocationPolicy: 'static' } as const;
      history.send(register({ operationId: `op-${index}-${round}`, entry })).follow((state) => stepsOf(state));
    }
    const device =
      index % 2 === 0 ? ({ kind: 'device', name: `sn-${index}` } as const) : ({ kind: 'operator', name: 'anna' } as const);
    const events = history.recorded(`sn-${index}`).map((event) => ({ ...event, metadata: { ...event.metadata, actor: device } }));
    await models.take(events);
    await models.take(
      recordedEnrollment(`individualEnrollment-sn-${index}`, [
        { type: 'EnrollmentDisabled', data: { at: '2026-01-01T00:00:00.000Z' } },
      ]),
    );
  }
  log = await wholeLog();
  audit = new AuditLog(models.database, models.store);
});

afterAll(() => models.close());

/** The same question put to the log itself. */
function naive(filter: AuditFilter, order: AuditOrder): string[] {
  const { type, since, until, hub, enrollment, registrationId, actor } = filter;
  const found = log.filter((event) => {
    const own = enrollmentOf(event);
    return (
      (type === undefined || event.type === type) &&
      (since === undefined || event.recordedAt >= since) &&
      (until === undefined || event.recordedAt < until) &&
      (hub === undefined || hubsOf(event).has(hub.toLowerCase())) &&
      (enrollment === undefined || (own !== null && enrollmentKey(own) === enrollmentKey(enrollment))) &&
      (registrationId === undefined || deviceOf(event) === registrationId.toLowerCase()) &&
      (actor === undefined ||
        (event.metadata.actor.kind === actor.kind && (actor.name === undefined || event.metadata.actor.name === actor.name)))
    );
  });
  return (order === 'asc' ? found : found.reverse()).map(({ position }) => position);
}

async function paged(filter: AuditFilter, order: AuditOrder, limit: number): Promise<string[]> {
  const items: AuditEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await audit.page(filter, order, { limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items.map(({ position }) => position);
}

const middle = (): string => log[Math.floor(log.length / 2)]?.recordedAt ?? '';

const parts: readonly (() => AuditFilter)[] = [
  () => ({ type: 'DeviceAssigned' }),
  () => ({ since: middle() }),
  () => ({ until: middle() }),
  () => ({ hub: 'HUB-A' }),
  () => ({ enrollment: { kind: 'individual', id: 'SN-1' } }),
  () => ({ registrationId: 'Sn-1' }),
  () => ({ actor: { kind: 'operator', name: 'anna' } }),
  () => ({ actor: { kind: 'device', name: 'sn-2' } }),
  () => ({ actor: { kind: 'system' } }),
];

describe('paging through the log', () => {
  it('gives what the log has for every filter and every two of them, in both directions', async () => {
    let found = 0;
    for (const [index, one] of parts.entries()) {
      for (const other of parts.slice(index)) {
        const filter = { ...one(), ...other() };
        for (const order of ['asc', 'desc'] as const) {
          const expected = naive(filter, order);
          expect({ filter, order, positions: await paged(filter, order, 7) }).toEqual({ filter, order, positions: expected });
          found += expected.length;
        }
        expect(await audit.count(filter)).toBe(naive(filter, 'asc').length);
      }
    }
    expect(found).toBeGreaterThan(log.length);
  });

  it('gives every event once, whatever the size of a page', async () => {
    for (const limit of [1, 2, log.length, log.length + 1]) expect(await paged({}, 'desc', limit)).toEqual(naive({}, 'desc'));
  });

  it('takes no cursor of the other direction', async () => {
    const { nextCursor } = await audit.page({}, 'asc', { limit: 1 });
    await expect(audit.page({}, 'desc', { cursor: nextCursor ?? '' })).rejects.toThrow(InvalidCursor);
  });
});
