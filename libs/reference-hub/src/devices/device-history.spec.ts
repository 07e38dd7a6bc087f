import { InMemoryEventStore } from '@app/event-sourcing';
import { deviceAt } from './device-history';
import { deviceCodec, DeviceEvent } from './device.events';
import { deviceStream } from './device-id';
import { twinChangesProjection } from './twin-changes.projection';

const HUB = 'hub-a.localhost';
const time = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const at = time(0);
const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;

/** One event a second, from second 1 on. */
const events: readonly DeviceEvent[] = [
  {
    type: 'DeviceCreated',
    data: {
      deviceId: 'dev-1',
      generationId: 'gen-1',
      status: 'enabled',
      statusReason: null,
      credentials: { type: 'none' },
      iotEdge: false,
      tags: { site: 'factory' },
      desired: { interval: 60 },
      at,
    },
  },
  { type: 'TwinPatched', data: { tags: { site: 'paris' }, desired: null, at } },
  { type: 'ReportedPropertiesPatched', data: { patch: { firmware: '1.4' }, at } },
  { type: 'DeviceDeleted', data: { generationId: 'gen-1', at } },
];

async function livedHub(): Promise<InMemoryEventStore> {
  let second = 0;
  const store = new InMemoryEventStore(() => new Date(time(++second)));
  for (const [index, event] of events.entries()) {
    const id = `00000000-0000-4000-8000-00000000000${index}`;
    await store.append(deviceStream(HUB, 'dev-1'), 'any', [deviceCodec.encode(event, id, metadata)]);
  }
  return store;
}

test('a device at its hub, as it was at each time', async () => {
  const store = await livedHub();
  const told = await Promise.all([0, 1, 2, 3, 4].map((second) => deviceAt(store, HUB, 'dev-1', time(second))));
  expect(told[0]).toBeUndefined();
  expect(told[1]).toMatchObject({ twin: { tags: { site: 'factory' } }, status: 'enabled', revision: '0', recordedAt: time(1) });
  expect(told[2]).toMatchObject({ twin: { tags: { site: 'paris' }, reported: { values: {}, version: 1 } }, revision: '1' });
  expect(told[3]).toMatchObject({ twin: { reported: { values: { firmware: '1.4' }, version: 2 } }, revision: '2' });
  expect(told[4]).toBeUndefined();
  expect(await deviceAt(store, HUB, 'dev-2', time(3))).toBeUndefined();
  await store.close();
});

test('changes of a twin have a row each; that a device comes or goes is none', async () => {
  const store = await livedHub();
  const { events: recorded } = await store.readStream(deviceStream(HUB, 'dev-1'));
  const types = twinChangesProjection.eventTypes;
  const rows = recorded.filter(({ type }) => types.includes(type)).flatMap((event) => twinChangesProjection.project(event));
  expect(rows).toEqual(
    [2, 3].map((second) => ({
      table: 'twin_changes',
      op: 'upsert',
      key: `${HUB}/dev-1@00000000000${second - 1}`,
      columns: { hub: HUB, device_id: 'dev-1', recorded_at: time(second) },
    })),
  );
  await store.close();
});
