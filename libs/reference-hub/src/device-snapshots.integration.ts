import { randomUUID } from 'node:crypto';
import { EventStore, silentLog } from '@app/event-sourcing';
import { StateSeal } from '@app/platform';
import { openPool, PostgresEventStore, PostgresSnapshotStore } from '@app/postgres';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { deviceStream } from './devices/device-id';
import { deviceCodec, DeviceEvent } from './devices/device.events';
import { deviceSnapshots } from './devices/device-snapshots';
import { HubDevices } from './devices/hub-devices';
import { create, history, report } from './testing/device-commands';

const EVENTS = 5_000;
const HUB = 'hub-a.localhost';
const context = { actor: { kind: 'system', name: 'test' }, correlationId: 'test' } as const;
const metadata = { ...context, causationId: 'test' };

let database: TestDatabase;
let events: PostgresEventStore;
let snapshots: PostgresSnapshotStore;
beforeAll(async () => {
  database = await createTestDatabase();
  events = await PostgresEventStore.open({ config: database.config });
  const seal = new StateSeal(Buffer.alloc(32, 1));
  snapshots = await PostgresSnapshotStore.open({ config: database.config, schema: 'hub_snapshots', seal });
  await writePast();
});
afterAll(async () => {
  await events.close();
  await snapshots.close();
  await database.drop();
});

/** A device that has reported again and again. */
async function writePast(): Promise<void> {
  const reported: DeviceEvent[] = Array.from({ length: EVENTS - 1 }, (_, n) => ({
    type: 'ReportedPropertiesPatched',
    data: { patch: { temperature: n, network: { signal: n % 7, [`cell-${n % 20}`]: n } }, at: '2026-01-01T00:00:00.000Z' },
  }));
  const all = [...history(create), ...reported].map((event) => deviceCodec.encode(event, randomUUID(), metadata));
  for (let from = 0; from < all.length; from += 250) {
    await events.append(deviceStream(HUB, 'dev'), 'any', all.slice(from, from + 250));
  }
}

/** The hub's devices after a start, and the events that it has read since. */
function started(): { devices: HubDevices; settled: () => Promise<void>; eventsRead: () => number } {
  let read = 0;
  const counting = Object.create(events) as EventStore;
  counting.readStream = async (...given) => {
    const slice = await events.readStream(...given);
    read += slice.events.length;
    return slice;
  };
  const kept = deviceSnapshots(snapshots, silentLog);
  const devices = new HubDevices({ hubName: HUB, store: counting, newId: randomUUID, snapshots: kept });
  return { devices, settled: () => kept.settled(), eventsRead: () => read };
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

it('a device with a long past is met at once after a start, and is the same whether or not there are snapshots', async () => {
  const before = started();
  const foldMs = await timedMs(() => before.devices.get('dev'));
  expect(before.eventsRead()).toBe(EVENTS);
  await before.settled();
  const after = started();
  const snapshotMs = await timedMs(() => after.devices.get('dev'));
  expect(after.eventsRead()).toBe(1);
  expect(await after.devices.get('dev')).toEqual(await before.devices.get('dev'));
  process.stdout.write(`first touch of ${EVENTS} events: ${foldMs.toFixed(1)} ms, from a snapshot ${snapshotMs.toFixed(1)} ms\n`);
});

it('what a device reports from then on is added to the snapshot, and a device that is forgotten is folded again', async () => {
  const first = started();
  for (let n = 0; n < 3; n++) await first.devices.execute('dev', report({ last: n }), context);
  const second = started();
  expect((await second.devices.get('dev')).reported.values.last).toBe(2);
  expect(second.eventsRead()).toBe(4);
  await second.devices.forget('dev');
  const third = started();
  expect(await third.devices.get('dev')).toEqual(await second.devices.get('dev'));
  expect(third.eventsRead()).toBe(EVENTS + 3);
  await third.settled();
});

it('a table that is gone changes nothing', async () => {
  const pool = openPool(database.config, { applicationName: 'test', max: 1 });
  await pool.query('drop table hub_snapshots.snapshots_v1');
  await pool.end();
  const { devices, settled } = started();
  expect((await devices.get('dev')).reported.values.last).toBe(2);
  await devices.execute('dev', report({ last: 'one more' }), context);
  await settled();
  expect((await devices.get('dev')).reported.values.last).toBe('one more');
});
