import { InMemoryEventStore, JsonObject, Projection } from '@app/event-sourcing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import fc from 'fast-check';
import { Client } from 'pg';
import { RebuildReport } from './rebuild';
import { rebuildProjection } from './rebuild-projection';
import { RunningProjections, startProjections } from './start-projections';
import { journalProjection, thingEvent, thingsProjection, touchyProjection } from './testing/sample-projections';

const WAIT_MS = 20_000;

const things = fc.constantFrom('a', 'b', 'c', 'd');
const data: fc.Arbitrary<JsonObject> = fc.record(
  { colour: fc.constantFrom('red', 'blue', null), size: fc.integer({ min: 0, max: 9 }) },
  { requiredKeys: [] },
);
const happening = fc.record({ thing: things, type: fc.constantFrom('ThingSet', 'ThingSet', 'ThingNoted', 'ThingDropped'), data });

describe('rebuilding a projection', () => {
  let database: TestDatabase;
  let admin: Client;
  let store: InMemoryEventStore;
  let live: RunningProjections;

  beforeEach(async () => {
    database = await createTestDatabase();
    admin = new Client(database.config);
    await admin.connect();
    store = new InMemoryEventStore();
    live = await startProjections({ store, config: database.config, projections: [thingsProjection, journalProjection] });
  });
  afterEach(async () => {
    await live.stop();
    await store.close();
    await admin.end();
    await database.drop();
  });

  const append = async (thing: string, type: string, values: JsonObject = {}): Promise<string> => {
    const { position } = await store.append(`thing-${thing}`, 'any', [thingEvent(type, values)]);
    return position;
  };
  const caughtUp = async (): Promise<boolean> => live.waitFor(['things', 'journal'], await store.headPosition(), WAIT_MS);
  const rebuild = (projection: Projection = thingsProjection, switchOver = true): Promise<RebuildReport> =>
    rebuildProjection({ store, config: database.config, projection, switchOver });
  const rows = async (table = 'things_v1'): Promise<unknown[]> =>
    (await admin.query<object>(`select * from read_models.${table} order by 1`)).rows;
  const identity = async (): Promise<unknown> =>
    (await admin.query<{ oid: number }>(`select 'read_models.things_v1'::regclass::int as oid`)).rows[0]?.oid;
  const indexes = async (): Promise<unknown[]> =>
    (await admin.query<object>(`select indexdef from pg_indexes where schemaname = 'read_models' order by 1`)).rows;

  it('gives what the live one has, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 40 }), async (happenings) => {
        for (const { thing, type, data: values } of happenings) await append(thing, type, values);
        await caughtUp();
        const before = await rows();
        const report = await rebuild();
        expect(report.compared?.tables).toMatchObject([{ missingLive: 0, missingRebuilt: 0, changed: 0, differences: [] }]);
        expect(await rows()).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  it('has nothing to compare with before the live one has taken anything', async () => {
    const report = await rebuild();
    expect(report).toMatchObject({ events: 0, position: 'start', compared: null, switched: true });
    expect(await rows()).toEqual([]);
  });

  it('reports where the live one differs, and mends it', async () => {
    for (const thing of ['a', 'b', 'c']) await append(thing, 'ThingSet', { colour: 'red', size: 1 });
    await caughtUp();
    const right = await rows();
    await admin.query(`delete from read_models.things_v1 where thing = 'a'`);
    await admin.query(`update read_models.things_v1 set colour = 'grey', note = '{}' where thing = 'b'`);
    await admin.query(`insert into read_models.things_v1 (thing) values ('z')`);
    const only = await rebuild(thingsProjection, false);
    expect(only.switched).toBe(false);
    expect(only.compared?.tables).toEqual([
      {
        table: 'things_v1',
        rows: 4,
        missingLive: 1,
        missingRebuilt: 1,
        changed: 1,
        differences: [
          { key: 'a', kind: 'missing live', columns: [] },
          { key: 'b', kind: 'changed', columns: ['colour', 'note'] },
          { key: 'z', kind: 'missing rebuilt', columns: [] },
        ],
      },
    ]);
    expect(await rows()).not.toEqual(right);
    await rebuild();
    expect(await rows()).toEqual(right);
  });

  it('switches while the live runner and readers go on, without a moment in which the table is missing', async () => {
    for (let step = 0; step < 3_000; step++) await append(`a${step % 300}`, 'ThingSet', { size: step });
    await caughtUp();
    const before = await identity();
    const indexesBefore = await indexes();
    const ending = new AbortController();
    const isGoing = (): boolean => !ending.signal.aborted;
    const failures: unknown[] = [];
    let reads = 0;
    const reader = new Client(database.config);
    await reader.connect();
    const reading = (async (): Promise<void> => {
      while (isGoing()) {
        const query = { name: 'count', text: 'select count(*)::int as count from read_models.things_v1' };
        const { rows: counted } = await reader.query<{ count: number }>(query);
        reads += 1;
        if ((counted[0]?.count ?? 0) < 300) failures.push(counted[0]);
      }
    })().catch((error: unknown) => failures.push(error));
    const writing = (async (): Promise<void> => {
      for (let step = 0; isGoing(); step++) {
        await append(`b${step % 50}`, 'ThingSet', { size: step });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    for (let round = 0; round < 5; round++) {
      const report = await rebuild();
      expect(report.compared?.tables).toMatchObject([{ missingLive: 0, missingRebuilt: 0, changed: 0 }]);
    }
    ending.abort();
    await Promise.all([reading, writing]);
    await reader.end();
    expect(failures).toEqual([]);
    expect(reads).toBeGreaterThan(50);
    expect(await identity()).not.toBe(before);
    expect(await indexes()).toEqual(indexesBefore);
    expect(await caughtUp()).toBe(true);
    const journal = (await rows('journal_v1')) as { place: string }[];
    expect(journal).toHaveLength(Number(await store.headPosition()));
    const last = await rebuild(thingsProjection, false);
    expect(last.compared?.tables).toMatchObject([{ missingLive: 0, missingRebuilt: 0, changed: 0 }]);
  });

  it('builds a new version beside the old one, which stays, and compares the columns that both have', async () => {
    await append('a', 'ThingSet', { colour: 'red', size: 1 });
    await caughtUp();
    const next: Projection = {
      ...thingsProjection,
      version: 2,
      tables: [
        { name: 'things', keyColumn: 'thing', ddl: 'create table $table (thing text primary key, colour text, doubled integer)' },
      ],
      project: (event) => [
        {
          table: 'things',
          op: 'upsert',
          key: event.stream.slice('thing-'.length),
          columns: { colour: JSON.stringify(event.data.colour).toUpperCase(), doubled: 2 * Number(event.data.size) },
        },
      ],
    };
    const report = await rebuild(next);
    expect(report.compared).toMatchObject({
      version: 1,
      tables: [{ changed: 1, differences: [{ key: 'a', columns: ['colour'] }] }],
    });
    expect(await rows('things_v2')).toEqual([{ thing: 'a', colour: '"RED"', doubled: 2 }]);
    expect(await rows('things_v1')).toMatchObject([{ thing: 'a', colour: 'red', size: 1 }]);
    await live.stop();
    live = await startProjections({ store, config: database.config, projections: [next] });
    const position = await append('b', 'ThingSet', { colour: 'blue', size: 2 });
    expect(await live.waitFor(['things'], position, WAIT_MS)).toBe(true);
    expect(await rows('things_v2')).toHaveLength(2);
  });

  it('stops at an event that the projection cannot take and leaves everything as it was', async () => {
    await append('a', 'ThingSet', { size: 1 });
    await append('poison', 'ThingDropped');
    await expect(rebuild(touchyProjection)).rejects.toThrow(
      'touchy cannot take event ThingDropped of thing-poison, position 2: cannot take this',
    );
    const { rows: left } = await admin.query(`select from pg_tables where schemaname = 'read_models_rebuild'`);
    expect(left).toEqual([]);
  });

  it('says where the database refused a row', async () => {
    await append('a', 'ThingSet', { size: 1 });
    await append('b', 'ThingSet', { size: 'large' });
    await expect(rebuild()).rejects.toThrow(
      'the database refuses rows of things at or before position 2: invalid input syntax for type integer: "large"',
    );
  });

  it('ends when it is told to, and leaves nothing behind', async () => {
    for (let step = 0; step < 50; step++) await append('a', 'ThingSet', { size: step });
    const ending = new AbortController();
    const onProgress = (): void => ending.abort(new Error('told to end'));
    const options = { store, config: database.config, projection: thingsProjection, signal: ending.signal, onProgress };
    await expect(rebuildProjection(options)).rejects.toThrow('told to end');
    const { rows: left } = await admin.query(`select from pg_tables where schemaname = 'read_models_rebuild'`);
    expect(left).toEqual([]);
  });

  it('mends a projection that has stopped: the runner goes on from the rebuilt one when it is started again', async () => {
    await admin.query(`alter table read_models.things_v1 add constraint small check (size < 5)`);
    await append('a', 'ThingSet', { size: 1 });
    const last = await append('b', 'ThingSet', { size: 7 });
    expect(await live.waitFor(['things'], last, WAIT_MS)).toBe(false);
    const report = await rebuild();
    expect(report.position).toBe(last);
    expect(await rows()).toMatchObject([
      { thing: 'a', size: 1 },
      { thing: 'b', size: 7 },
    ]);
    await live.stop();
    live = await startProjections({ store, config: database.config, projections: [thingsProjection] });
    const next = await append('b', 'ThingSet', { size: 8 });
    expect(await live.waitFor(['things'], next, WAIT_MS)).toBe(true);
  });

  it('refuses a second rebuild of the same projection at the same time', async () => {
    await admin.query(`select pg_advisory_lock(7236404, hashtext('things'))`);
    await expect(rebuild()).rejects.toThrow('things is being rebuilt by another process');
  });
});
