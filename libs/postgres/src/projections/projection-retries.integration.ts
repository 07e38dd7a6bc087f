import { EventBatch, InMemoryEventStore, Projection, SubscribeOptions } from '@app/event-sourcing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { Client } from 'pg';
import { until } from '@test/support/until';
import { PROJECTIONS_LOCK } from './projection-runner';
import { ProjectionReport, RunningProjections, startProjections } from './start-projections';
import { journalProjection, thingEvent, thingsProjection, touchyProjection } from './testing/sample-projections';

const WAIT_MS = 20_000;
const PAUSES = { firstMs: 20, longestMs: 100 };

class StoreThatGoesAway extends InMemoryEventStore {
  isAway = false;
  subscriptions = 0;

  override async *subscribeToAll(options: SubscribeOptions): AsyncGenerator<EventBatch, void, undefined> {
    this.subscriptions += 1;
    this.beThere();
    for await (const batch of super.subscribeToAll(options)) {
      this.beThere();
      yield batch;
    }
  }

  private beThere(): void {
    if (this.isAway) throw new Error('the store is away');
  }
}

describe('a projection that failed', () => {
  let database: TestDatabase;
  let admin: Client;
  let store: StoreThatGoesAway;
  let projections: RunningProjections;

  beforeEach(async () => {
    database = await createTestDatabase();
    admin = new Client(database.config);
    await admin.connect();
    store = new StoreThatGoesAway();
  });
  afterEach(async () => {
    await projections.stop();
    await store.close();
    await admin.end();
    await database.drop();
  });

  const start = async (...started: readonly Projection[]): Promise<void> => {
    projections = await startProjections({ store, config: database.config, projections: started, retryPauses: PAUSES });
  };
  const append = async (thing: string, type: string, data = {}): Promise<string> =>
    (await store.append(`thing-${thing}`, 'any', [thingEvent(type, data)])).position;
  const report = async (name: string): Promise<ProjectionReport | undefined> =>
    (await projections.status()).find((candidate) => candidate.name === name);
  const places = async (table: string): Promise<string[]> =>
    (await admin.query<{ place: string }>(`select place from read_models.${table} order by place::int`)).rows.map(
      ({ place }) => place,
    );

  it('is tried again with pauses, is reported as failed meanwhile, and skips nothing when it can go on', async () => {
    let isBroken = true;
    let attempts = 0;
    await start(journalProjection, {
      ...touchyProjection,
      project: (event) => {
        if (event.stream === 'thing-poison') attempts += 1;
        if (isBroken) return touchyProjection.project(event);
        return [{ table: 'touchy', op: 'upsert', key: event.position, columns: { thing: 'taken' } }];
      },
    });
    await append('a', 'ThingSet');
    await append('poison', 'ThingDropped');
    await until('touchy is failed', async () => (await report('touchy'))?.state === 'failed');
    const startedMs = performance.now();
    const seen = new Set<string | undefined>();
    while (performance.now() - startedMs < 600) {
      const last = await append('b', 'ThingSet');
      expect(await projections.waitFor(['journal'], last, WAIT_MS)).toBe(true);
      seen.add((await report('touchy'))?.state);
    }
    expect([...seen]).toEqual(['failed']);
    // 20, 40, 80, 100, … ms: more would be a loop without pauses, fewer no attempt.
    expect(attempts).toBeGreaterThanOrEqual(3);
    expect(attempts).toBeLessThanOrEqual(12);
    isBroken = false;
    await until('touchy is running', async () => (await report('touchy'))?.state === 'running');
    expect(await projections.waitFor(['touchy', 'journal'], await store.headPosition(), WAIT_MS)).toBe(true);
    expect(await report('touchy')).toMatchObject({ error: null, caughtUp: true, lagEvents: 0 });
    expect(await places('touchy_v1')).toEqual(await places('journal_v1'));
  });

  it('goes on at the very event whose row the database refused, once it takes it', async () => {
    await start(thingsProjection, journalProjection);
    await append('a', 'ThingSet', { size: 1 });
    await append('b', 'ThingSet', { colour: 'x'.repeat(10) });
    await until('things has no lag', async () => (await report('things'))?.lagEvents === 0);
    await admin.query(`alter table read_models.things_v1 add constraint short check (length(colour) < 20)`);
    await append('c', 'ThingSet', { colour: 'y'.repeat(30) });
    const last = await append('a', 'ThingSet', { size: 2 });
    await until('things is failed', async () => (await report('things'))?.state === 'failed');
    expect(await report('things')).toMatchObject({ position: '2' });
    await admin.query(`alter table read_models.things_v1 drop constraint short`);
    await until('things is at the end', async () => (await report('things'))?.position === last);
    expect(await report('things')).toMatchObject({ state: 'running', error: null });
    const { rows } = await admin.query('select thing, size from read_models.things_v1 order by thing');
    expect(rows).toEqual([
      { thing: 'a', size: 2 },
      { thing: 'b', size: null },
      { thing: 'c', size: null },
    ]);
  });

  it('is reported while the store is away, is not tried in a loop, and goes on when the store is back', async () => {
    await start(journalProjection);
    await append('a', 'ThingSet');
    await until('journal has no lag', async () => (await report('journal'))?.lagEvents === 0);
    store.isAway = true;
    store.subscriptions = 0;
    await append('a', 'ThingSet');
    await until('journal is failed', async () => (await report('journal'))?.state === 'failed');
    expect(await report('journal')).toMatchObject({ error: 'the store is away', position: '1' });
    expect(store.subscriptions).toBeLessThanOrEqual(5);
    const last = await append('a', 'ThingSet');
    const waiting = projections.waitFor(['journal'], last, WAIT_MS);
    store.isAway = false;
    expect(await waiting).toBe(true);
    await until('journal is running', async () => (await report('journal'))?.state === 'running');
    expect(await report('journal')).toMatchObject({ error: null });
    expect(await places('journal_v1')).toEqual(['1', '2', '3']);
  });

  it('is no longer reported by a process that another one leads instead of', async () => {
    await start(touchyProjection);
    await append('poison', 'ThingDropped');
    await until('touchy is failed', async () => (await report('touchy'))?.state === 'failed');
    const other = new Client(database.config);
    await other.connect();
    try {
      const leading = other.query(`select pg_advisory_lock(${PROJECTIONS_LOCK})`);
      await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'rehome-projections-lock'`,
      );
      await leading;
      await until('touchy is standby', async () => (await report('touchy'))?.state === 'standby');
      expect(await report('touchy')).toMatchObject({ error: null, lagEvents: 1 });
    } finally {
      await other.end();
    }
  });
});
