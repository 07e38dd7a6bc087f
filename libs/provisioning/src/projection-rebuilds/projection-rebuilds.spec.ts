import { ProjectionRebuilder, RebuildRequest, RebuildResult } from './projection-rebuilder';
import { ProjectionRebuilds, REBUILDS_REMEMBERED_MAX } from './projection-rebuilds';

const table = { table: 'devices', rows: 3, missingLive: 1, missingRebuilt: 0, changed: 2, differences: [] };
const result = (switched: boolean): RebuildResult => ({
  version: 1,
  events: 7,
  position: '7',
  buildMs: 1.5,
  compared: { version: 1, position: '7', tables: [table, { ...table, missingLive: 0, changed: 0 }] },
  switched,
});

/** Rebuilds end when the test says so. */
class HeldRebuilder implements ProjectionRebuilder {
  readonly names = ['devices', 'hubs'];
  end: (result: RebuildResult) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  request: RebuildRequest | undefined;

  rebuild(request: RebuildRequest): Promise<RebuildResult> {
    this.request = request;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
      request.signal.addEventListener('abort', () => reject(request.signal.reason as Error));
    });
  }
}

let rebuilder: HeldRebuilder;
let rebuilds: ProjectionRebuilds;
beforeEach(() => {
  rebuilder = new HeldRebuilder();
  rebuilds = new ProjectionRebuilds(rebuilder, () => new Date('2026-01-31T08:00:00Z'));
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a rebuild tells how far it is, and in the end how many rows differ', async () => {
  const { rebuildId } = rebuilds.start('devices', true, 'anna');
  expect(rebuilder.request).toMatchObject({ projection: 'devices', switchOver: true });
  rebuilder.request?.onStep({ phase: 'comparing', events: 5, eventsPerSecond: 2.5, fraction: 0.7 });
  expect(rebuilds.one(rebuildId)).toMatchObject({
    state: 'running',
    startedBy: 'anna',
    endedAt: null,
    progress: { phase: 'comparing' },
  });
  rebuilder.end(result(true));
  await settled();
  expect(rebuilds.one(rebuildId)).toMatchObject({
    state: 'done',
    differences: 3,
    report: { switched: true },
    endedAt: '2026-01-31T08:00:00.000Z',
  });
});

test('one at a time, and only what there is', async () => {
  rebuilds.start('devices', false, 'anna');
  expect(() => rebuilds.start('hubs', false, 'ben')).toThrow('Another read model is being rebuilt');
  expect(() => rebuilds.start('nothing', false, 'ben')).toThrow('There is no read model nothing; there are: devices, hubs.');
  rebuilder.end({ ...result(false), compared: null });
  await settled();
  expect(rebuilds.list()).toMatchObject([{ differences: null }]);
  expect(rebuilds.start('hubs', false, 'ben').state).toBe('running');
});

test('a rebuild that fails says why, and the next one may begin', async () => {
  const { rebuildId } = rebuilds.start('devices', false, 'anna');
  rebuilder.fail(new Error('devices is being rebuilt by another process'));
  await settled();
  expect(rebuilds.one(rebuildId)).toMatchObject({
    state: 'failed',
    error: 'devices is being rebuilt by another process',
    report: null,
  });
  expect(rebuilds.start('devices', false, 'anna').state).toBe('running');
});

test('the end of the service ends it, and is not held up for long', async () => {
  const { rebuildId } = rebuilds.start('devices', false, 'anna');
  rebuilds.onModuleDestroy();
  await rebuilds.beforeApplicationShutdown();
  expect(rebuilds.one(rebuildId)).toMatchObject({ state: 'failed', error: 'the service stops' });
});

test('only the last ones are remembered, newest first', async () => {
  const ids: string[] = [];
  for (let count = 0; count <= REBUILDS_REMEMBERED_MAX; count++) {
    ids.push(rebuilds.start('devices', false, 'anna').rebuildId);
    rebuilder.end(result(false));
    await settled();
  }
  expect(rebuilds.list().map(({ rebuildId }) => rebuildId)).toEqual(ids.slice(1).reverse());
  expect(() => rebuilds.one(ids[0] ?? '')).toThrow('This process knows no rebuild');
});
