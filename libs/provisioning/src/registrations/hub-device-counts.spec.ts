import { ReadDatabase, Row } from '../shared/read-database';
import { HubDeviceCounts } from './hub-device-counts';

/** The read model as far as the projection has come. */
class LaggingReadModel implements ReadDatabase {
  readonly shown = new Map<string, string>();

  query<T extends Row>({ values }: { readonly values: readonly unknown[] }): Promise<T[]> {
    const asked = values[0] as readonly string[];
    const hubs = new Set(this.shown.values());
    const rows = [...hubs].map((hub) => {
      const keys = [...this.shown].filter(([, at]) => at === hub).map(([key]) => key);
      return { hub, devices: String(keys.length), among: keys.filter((key) => asked.includes(key)) };
    });
    return Promise.resolve(rows as unknown as T[]);
  }
}

test('counts what was assigned here until the read model shows it, and then once', async () => {
  const readModel = new LaggingReadModel();
  const clock = { nowMs: 0 };
  const counts = new HubDeviceCounts(readModel, () => new Date(clock.nowMs));
  const atHubA = async (): Promise<number> => {
    clock.nowMs += 1_500;
    return (await counts.read())?.get('hub-a') ?? 0;
  };
  readModel.shown.set('old', 'hub-a');
  expect(await atHubA()).toBe(1);
  counts.noteAssigned('hub-a', 'Dev-1');
  counts.noteAssigned('hub-a', 'dev-2');
  expect((await counts.read())?.get('hub-a')).toBe(3);
  expect(await atHubA()).toBe(3);
  readModel.shown.set('dev-1', 'hub-a');
  expect(await atHubA()).toBe(3);
  readModel.shown.set('dev-2', 'hub-a');
  expect(await atHubA()).toBe(3);
  readModel.shown.delete('dev-1');
  expect(await atHubA()).toBe(2);
});

test('forgets an assignment that never shows', async () => {
  const readModel = new LaggingReadModel();
  const clock = { nowMs: 0 };
  const counts = new HubDeviceCounts(readModel, () => new Date(clock.nowMs));
  counts.noteAssigned('hub-a', 'dev-1');
  expect((await counts.read())?.get('hub-a')).toBe(1);
  clock.nowMs += 61_000;
  expect((await counts.read())?.get('hub-a')).toBeUndefined();
});
