import type { ReadDatabase } from '../shared/read-database';
import type { RecordedEvent } from '@app/event-sourcing';
import { individualEnrollmentStream } from '../enrollments/enrollment.events';
import type { Outcome } from '../registrations/registration.decider';
import { entry, instantOf, register, stepsOf } from '../registrations/testing/commands';
import { findDeviceStatus, listDeviceStatus } from './device-status.queries';
import { findEnrollment, listEnrollments } from './enrollments.queries';
import { countHubDevices, findHubMembership, listHubDevices } from './hub-membership.queries';
import { findOperation, listOperations } from './operations.queries';
import { InvalidCursor, Page, PageRequest, encodeCursor } from './page';
import { ReadModels, startReadModels } from './testing/read-model-database';
import { RegistrationHistory, recordedEnrollment } from './testing/recorded';
import { findTwinData } from './twin-data.queries';

let readModels: ReadModels;
let reads: ReadDatabase;

const DEVICES = 25;
const deviceId = (index: number): string => `Dev-${String(index).padStart(3, '0')}`;
const policies = [
  { updateHubAssignment: true, migrateDeviceData: true },
  { updateHubAssignment: true, migrateDeviceData: false },
] as const;

/** A device that was first at hub-a; every third one has moved to hub-b since, by turns with and without its twin. */
function history(index: number): RegistrationHistory {
  const at = (hub: string, operation: number, second: number) => ({
    ...register({
      operationId: `op-${index}-${operation}`,
      at: instantOf(second),
      entry: { iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy: policies[index % 2] ?? null },
    }),
    registrationId: deviceId(index),
  });
  const lived = new RegistrationHistory().send(at('hub-a', 1, index)).follow((state) => stepsOf(state, instantOf(index + 1)));
  if (index % 3 !== 0) return lived;
  return lived.send(at('hub-b', 2, index + 100)).follow((state) => stepsOf(state, instantOf(index + 101)));
}

async function all<Item>(read: (page: PageRequest) => Promise<Page<Item>>, limit: number): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const page = await read({ limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
  throw new Error('the list does not end');
}

beforeAll(async () => {
  readModels = await startReadModels();
  reads = readModels.database;
  await readModels.take(Array.from({ length: DEVICES }, (_none, index) => history(index).recorded(deviceId(index))).flat());
});

afterAll(() => readModels.close());

describe('device status', () => {
  test('one device, by its id without regard to case', async () => {
    const status = await findDeviceStatus(reads, 'dEV-003');
    expect(status).toMatchObject({ registrationId: 'Dev-003', status: 'assigned', assignedHub: 'hub-b', policy: 'reset' });
    expect(status).toMatchObject({ createdAt: instantOf(3), updatedAt: instantOf(104), substatus: 'deviceDataReset' });
    expect(status?.operation).toEqual({ operationId: 'op-3-2', action: 'reset', startedAt: instantOf(103) });
    await expect(findDeviceStatus(reads, 'nobody')).resolves.toBeUndefined();
  });

  test.each([1, 7, 25, 100])('pages of %i hold every device once, in order', async (limit) => {
    const items = await all((page) => listDeviceStatus(reads, {}, page), limit);
    expect(items.map(({ registrationId }) => registrationId)).toEqual(Array.from({ length: DEVICES }, (_none, i) => deviceId(i)));
  });

  test('filters, together and with pages', async () => {
    const atB = await all((page) => listDeviceStatus(reads, { hub: 'HUB-B', status: 'assigned' }, page), 2);
    expect(atB.map(({ registrationId }) => registrationId)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24].map(deviceId));
    const migrated = await all((page) => listDeviceStatus(reads, { hub: 'hub-b', policy: 'migrate' }, page), 2);
    expect(migrated).toHaveLength(5);
    const prefixed = await all((page) => listDeviceStatus(reads, { idPrefix: 'DEV-02' }, page), 2);
    expect(prefixed.map(({ registrationId }) => registrationId)).toEqual([20, 21, 22, 23, 24].map(deviceId));
    const byEntry = { enrollment: { kind: 'individual', id: 'DEV-1' } } as const;
    await expect(listDeviceStatus(reads, byEntry, { limit: 100 })).resolves.toMatchObject({ items: { length: DEVICES } });
    const ofGroup = { enrollment: { kind: 'group', id: 'dev-1' } } as const;
    await expect(listDeviceStatus(reads, ofGroup, {})).resolves.toEqual({ items: [], nextCursor: null });
  });

  test('what changed since, oldest first, and where the last page ended it goes on', async () => {
    const changed = await all((page) => listDeviceStatus(reads, { changedSince: instantOf(101) }, page), 4);
    expect(changed.map(({ registrationId }) => registrationId)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24].map(deviceId));
  });

  test.each(['', 'x', '%%%', encodeCursor('other', ['a']), encodeCursor('device-status.list asc registration_key', ['a', 'b'])])(
    'refuses a cursor that it did not give out: "%s"',
    async (cursor) => {
      await expect(listDeviceStatus(reads, {}, { cursor })).rejects.toThrow(InvalidCursor);
    },
  );

  test('refuses a cursor whose time is none', async () => {
    const list = 'device-status.list asc updated_at registration_key';
    for (const time of ['now', 'infinity', '2026-02-30T00:00:00.000Z', '2026-01-01']) {
      const request = { cursor: encodeCursor(list, [time, 'dev-1']) };
      await expect(listDeviceStatus(reads, { changedSince: instantOf(0) }, request)).rejects.toThrow(InvalidCursor);
    }
    const good = { cursor: encodeCursor(list, [instantOf(0), 'dev-1']) };
    await expect(listDeviceStatus(reads, { changedSince: instantOf(0) }, good)).resolves.toHaveProperty('items');
  });
});

describe('hub membership', () => {
  test('says since when and from where', async () => {
    const moved = { hub: 'hub-b', from: 'hub-a', since: instantOf(104), operationId: 'op-3-2' };
    await expect(findHubMembership(reads, 'dev-003')).resolves.toMatchObject(moved);
    const stayed = { hub: 'hub-a', from: null, since: instantOf(2), operationId: 'op-1-1' };
    await expect(findHubMembership(reads, 'dev-001')).resolves.toMatchObject(stayed);
  });

  test('counts and lists the devices of a hub', async () => {
    await expect(countHubDevices(reads)).resolves.toEqual([
      { hub: 'hub-a', devices: 16 },
      { hub: 'hub-b', devices: 9 },
    ]);
    const devices = await all((page) => listHubDevices(reads, 'Hub-B', page), 4);
    expect(devices.map(({ registrationId }) => registrationId)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24].map(deviceId));
  });
});

describe('twin data', () => {
  test('initial state, last known state, and what the last move carried', async () => {
    const migrated = await findTwinData(reads, 'dev-006');
    expect(migrated).toMatchObject({
      initial: { twin: { tags: { site: 'factory' } } },
      lastKnown: { hub: 'hub-b', source: 'migrated' },
    });
    expect(migrated).toMatchObject({
      carried: { from: 'hub-a', to: 'hub-b', complete: true, twin: { reported: { version: 2 } } },
    });
    const resetOne = await findTwinData(reads, 'dev-003');
    const twin = { tags: { site: 'factory' }, reported: { values: {}, version: 1 } };
    expect(resetOne).toMatchObject({ lastKnown: { hub: 'hub-b', source: 'reset', twin }, carried: null });
    const first = await findTwinData(reads, 'dev-001');
    expect(first).toMatchObject({ lastKnown: { hub: 'hub-a', source: 'initialTwin', at: instantOf(1), twin }, carried: null });
  });
});

describe('operations', () => {
  test('newest first, filtered, paged', async () => {
    const operations = await all((page) => listOperations(reads, {}, page), 10);
    expect(operations).toHaveLength(DEVICES + 9);
    const times = operations.map(({ startedAt }) => startedAt);
    expect(times).toEqual([...times].sort().reverse());
    const moves = await all((page) => listOperations(reads, { action: 'migrate', hub: 'hub-a', status: 'assigned' }, page), 2);
    expect(moves.map(({ operationId }) => operationId)).toEqual(['op-24-2', 'op-18-2', 'op-12-2', 'op-6-2', 'op-0-2']);
    const own = await listOperations(reads, { registrationId: 'DEV-003', startedSince: instantOf(50) }, {});
    expect(own.items).toMatchObject([{ operationId: 'op-3-2', durationMs: 1_000, fromHub: 'hub-a', toHub: 'hub-b' }]);
  });

  test('one, with its grounds', async () => {
    const operation = await findOperation(reads, 'op-6-2');
    expect(operation).toMatchObject({ action: 'migrate', grounds: { allocation: { chosen: 'hub-b' }, previousHub: 'hub-a' } });
    await expect(findOperation(reads, 'op-x')).resolves.toBeUndefined();
  });
});

describe('enrollments', () => {
  test('by kind, filtered, paged, without what was deleted', async () => {
    for (let index = 0; index < 5; index++) {
      const id = `Entry-${index}`;
      const created = { type: 'EnrollmentCreated', data: { entry: entry({ id }), at: instantOf(index) } } as const;
      const disabled = { type: 'EnrollmentDisabled', data: { at: instantOf(50) } } as const;
      const deleted = { type: 'EnrollmentDeleted', data: { at: instantOf(60) } } as const;
      const events = [created, ...(index === 2 ? [disabled] : []), ...(index === 4 ? [deleted] : [])];
      await readModels.take(recordedEnrollment(individualEnrollmentStream(id), events));
    }
    const listed = await all((page) => listEnrollments(reads, 'individual', {}, page), 2);
    expect(listed.map(({ id }) => id)).toEqual(['Entry-0', 'Entry-1', 'Entry-2', 'Entry-3']);
    await expect(listEnrollments(reads, 'group', {}, {})).resolves.toEqual({ items: [], nextCursor: null });
    const changed = await listEnrollments(
      reads,
      'individual',
      { changedSince: instantOf(50), provisioningStatus: 'disabled' },
      {},
    );
    expect(changed.items).toMatchObject([{ id: 'Entry-2', revision: '1', createdAt: instantOf(2), updatedAt: instantOf(50) }]);
    await expect(findEnrollment(reads, 'individual', 'ENTRY-3')).resolves.toMatchObject({
      id: 'Entry-3',
      reprovisionPolicy: null,
    });
    await expect(findEnrollment(reads, 'individual', 'entry-4')).resolves.toBeUndefined();
  });
});

describe('a device that its hub had lost', () => {
  const policy = { updateHubAssignment: true, migrateDeviceData: true };
  const lost = (
    id: string,
    steps: readonly (readonly [hub: string, tag: string, outcome: Outcome | null])[],
  ): RecordedEvent[] => {
    const lived = new RegistrationHistory();
    for (const [index, [hub, n, outcome]] of steps.entries()) {
      const operationId = `${id}-${index}`;
      const at = instantOf(200 + index);
      const entry = {
        iotHubs: [hub],
        allocationPolicy: 'static',
        reprovisionPolicy: policy,
        initialTwin: { tags: { n }, desired: {} },
      } as const;
      lived.send({ ...register({ operationId, at, entry }), registrationId: id });
      if (outcome === null) lived.send({ type: 'FailAssignment', operationId, errorCode: 400207, errorMessage: 'no', at });
      else lived.send({ type: 'CompleteAssignment', operationId, outcome, generationId: `gen-${index}`, at });
    }
    return lived.recorded(id);
  };

  test('and got again where it was: its twin is the initial one of that operation, its stay a new one', async () => {
    const events = lost('lost-1', [
      ['hub-a', 'first', 'created'],
      ['hub-a', 'second', 'recreated'],
    ]);
    await readModels.take(events);
    const lastKnown = { hub: 'hub-a', source: 'initialTwin', at: instantOf(201), twin: { tags: { n: 'second' } } };
    await expect(findTwinData(reads, 'lost-1')).resolves.toMatchObject({ lastKnown });
    await expect(findHubMembership(reads, 'lost-1')).resolves.toMatchObject({ since: instantOf(201), from: null });
  });

  test('after a later operation with another initial twin, what it was given is known to the log alone', async () => {
    const steps = [
      ['hub-a', 'first', 'created'],
      ['hub-a', 'second', 'recreated'],
      ['hub-a', 'third', 'unchanged'],
    ] as const;
    await readModels.take(lost('lost-2', steps));
    const lastKnown = { hub: 'hub-a', source: 'initialTwin', at: instantOf(201), twin: null };
    await expect(findTwinData(reads, 'lost-2')).resolves.toMatchObject({
      lastKnown,
      initial: { twin: { tags: { n: 'third' } } },
    });
  });

  test('and got at another hub: where it came from is known from the plan, until a later plan comes to nothing', async () => {
    const moved = [
      ['hub-a', 'first', 'created'],
      ['hub-b', 'second', 'created'],
    ] as const;
    await readModels.take(lost('lost-3', moved));
    await expect(findHubMembership(reads, 'lost-3')).resolves.toMatchObject({
      hub: 'hub-b',
      from: 'hub-a',
      since: instantOf(201),
    });
    await readModels.take(lost('lost-4', [...moved, ['hub-a', 'third', null]]));
    await expect(findHubMembership(reads, 'lost-4')).resolves.toMatchObject({ hub: 'hub-b', from: null, since: instantOf(201) });
  });
});
