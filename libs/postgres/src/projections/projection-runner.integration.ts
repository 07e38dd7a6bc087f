import { EventStore, InMemoryEventStore, JsonObject, Projection } from '@app/event-sourcing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { Client } from 'pg';
import { until } from '@test/support/until';
import { ProjectionReport, RunningProjections, startProjections } from './start-projections';
import { journalProjection, thingEvent, thingsProjection, touchyProjection } from './testing/sample-projections';

const WAIT_MS = 20_000;

describe('the projection runner', () => {
  let database: TestDatabase;
  let admin: Client;
  let store: InMemoryEventStore;
  let running: RunningProjections[];

  beforeEach(async () => {
    database = await createTestDatabase();
    admin = new Client(database.config);
    admin.on('error', () => undefined);
    await admin.connect();
    store = new InMemoryEventStore();
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((projections) => projections.stop()));
    await store.close();
    await admin.end();
    await database.drop();
  });

  const start = async (projections: readonly Projection[], run = true, log: EventStore = store): Promise<RunningProjections> => {
    const started = await startProjections({ store: log, config: database.config, projections, run });
    running.push(started);
    return started;
  };
  const append = async (thing: string, type: string, data: JsonObject = {}): Promise<string> => {
    const { position } = await store.append(`thing-${thing}`, 'any', [thingEvent(type, data)]);
    return position;
  };
  const caughtUp = async (projections: RunningProjections, names = ['journal']): Promise<boolean> =>
    projections.waitFor(names, await store.headPosition(), WAIT_MS);
  const rows = async (table: string): Promise<Record<string, unknown>[]> =>
    (await admin.query<Record<string, unknown>>(`select * from read_models.${table} order by 1`)).rows;
  /** The journal must hold exactly the log: each event once. */
  const expectJournalToBeTheLog = async (): Promise<void> => {
    const places = (await rows('journal_v1')).map(
      ({ place, thing, revision }) => `${String(place)} ${String(thing)} ${String(revision)}`,
    );
    const expected: string[] = [];
    const ending = new AbortController();
    for await (const batch of store.subscribeToAll({ from: 'start', signal: ending.signal })) {
      expected.push(...batch.events.map(({ position, stream, revision }) => `${position} ${stream.slice(6)} ${revision}`));
      if (batch.caughtUp) ending.abort();
    }
    expect(places.sort()).toEqual(expected.sort());
  };
  const cutConnections = (name: string): Promise<unknown> =>
    admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1`,
      [name],
    );
  const report = async (projections: RunningProjections, name: string): Promise<ProjectionReport | undefined> =>
    (await projections.status()).find((candidate) => candidate.name === name);

  it('projects what was there and what comes, and says how far it is', async () => {
    await append('a', 'ThingSet', { colour: 'red', size: 1 });
    const projections = await start([thingsProjection, journalProjection]);
    await append('a', 'ThingSet', { colour: 'blue' });
    await append('b', 'ThingSet', { colour: 'green' });
    const last = await append('b', 'ThingDropped');
    expect(await projections.waitFor(['things', 'journal'], last, WAIT_MS)).toBe(true);
    expect(await rows('things_v1')).toEqual([{ thing: 'a', colour: 'blue', size: 1, note: null, seen_at: null }]);
    await expectJournalToBeTheLog();
    expect(await report(projections, 'things')).toEqual({
      name: 'things',
      version: 1,
      state: 'running',
      position: last,
      caughtUp: true,
      lagMs: 0,
      lagEvents: 0,
      error: null,
    });
  });

  it('projects each event once although its connections are cut again and again under load', async () => {
    const projections = await start([thingsProjection, journalProjection]);
    let appending = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let step = 0; appending; step++) {
        await append(`w${writer}-${step % 50}`, 'ThingSet', { size: step });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (let cut = 0; cut < 12; cut++) {
      await new Promise((resolve) => setTimeout(resolve, 60 + cut * 7));
      await cutConnections(cut % 3 === 2 ? 'rehome-projections-lock' : 'rehome-projections');
    }
    appending = false;
    await Promise.all(writers);
    expect(await caughtUp(projections, ['things', 'journal'])).toBe(true);
    await expectJournalToBeTheLog();
    const sizes = (await rows('things_v1')).map(({ size }) => Number(size));
    const log = await Promise.all(
      (await rows('things_v1')).map(({ thing }) =>
        store.readStream(`thing-${String(thing)}`, { direction: 'backward', maxCount: 1 }),
      ),
    );
    expect(sizes).toEqual(log.map(({ events }) => events[0]?.data.size));
  });

  it('lets one of two run; the other takes over when the first has gone, and nothing is projected twice', async () => {
    const first = await start([journalProjection]);
    await until('journal is running', async () => (await report(first, 'journal'))?.state === 'running');
    const second = await start([journalProjection]);
    await append('a', 'ThingSet');
    expect(await caughtUp(second)).toBe(true);
    expect((await report(second, 'journal'))?.state).toBe('standby');
    await first.stop();
    await append('a', 'ThingSet');
    expect(await caughtUp(second)).toBe(true);
    expect((await report(second, 'journal'))?.state).toBe('running');
    expect((await report(first, 'journal'))?.state).toBe('stopped');
    await expectJournalToBeTheLog();
  });

  it('does no harm when two believe that they lead: the checkpoint lets only one write each batch', async () => {
    await start([journalProjection]);
    // Cutting the lock connection makes the other one leader while the first may still be writing.
    await start([journalProjection]);
    const appending = Array.from({ length: 400 }, (_, step) => step);
    for (const step of appending) {
      await append(`a${step % 7}`, 'ThingSet', { size: step });
      if (step % 40 === 0) await cutConnections('rehome-projections-lock');
      if (step % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const projections of running) expect(await caughtUp(projections)).toBe(true);
    await expectJournalToBeTheLog();
  });

  it('stops a projection at an event that it cannot take, says so, and keeps the others going', async () => {
    const projections = await start([touchyProjection, journalProjection]);
    await append('a', 'ThingSet');
    await append('poison', 'ThingDropped');
    const last = await append('a', 'ThingSet');
    expect(await projections.waitFor(['journal'], last, WAIT_MS)).toBe(true);
    expect(await projections.waitFor(['touchy'], last, WAIT_MS)).toBe(false);
    expect(await report(projections, 'touchy')).toMatchObject({
      state: 'failed',
      position: '1',
      caughtUp: false,
      lagEvents: 2,
      error: 'stopped at event ThingDropped of thing-poison, position 2: cannot take this',
    });
    expect(await rows('touchy_v1')).toHaveLength(1);
    await expectJournalToBeTheLog();
  });

  it('stops a projection at the very event whose row the database refuses', async () => {
    const projections = await start([thingsProjection, journalProjection]);
    await append('a', 'ThingSet', { size: 1 });
    await append('b', 'ThingSet', { size: 'large' });
    const last = await append('a', 'ThingSet', { size: 2 });
    expect(await projections.waitFor(['journal'], last, WAIT_MS)).toBe(true);
    expect(await report(projections, 'things')).toMatchObject({ state: 'failed', position: '1' });
    expect(await rows('things_v1')).toMatchObject([{ thing: 'a', size: 1 }]);
    await expectJournalToBeTheLog();
  });

  it('brings a projection that is new up to the others, which go on meanwhile', async () => {
    const before = await start([journalProjection]);
    for (let step = 0; step < 2_500; step++) await append(`a${step % 9}`, 'ThingSet', { size: step });
    expect(await caughtUp(before)).toBe(true);
    await before.stop();
    const after = await start([thingsProjection, journalProjection]);
    await append('late', 'ThingSet', { size: 1 });
    expect(await caughtUp(after, ['things', 'journal'])).toBe(true);
    await append('later', 'ThingSet', { size: 1 });
    expect(await caughtUp(after, ['things', 'journal'])).toBe(true);
    expect(await rows('things_v1')).toHaveLength(11);
    await expectJournalToBeTheLog();
  });

  it('answers waiters in a process that does not run it, and says no when the time is up', async () => {
    const reader = await start([journalProjection], false);
    const position = await append('a', 'ThingSet');
    expect(await reader.waitFor(['journal'], position, 50)).toBe(false);
    const waiting = reader.waitFor(['journal'], position, WAIT_MS);
    await start([journalProjection]);
    expect(await waiting).toBe(true);
    expect(await report(reader, 'journal')).toMatchObject({ state: 'standby', position, caughtUp: true, lagEvents: 0 });
    await expect(reader.waitFor(['nothing'], position, 50)).rejects.toThrow('no projection is called nothing');
    await expect(reader.waitFor(['journal'], 'nowhere', 50)).rejects.toThrow(RangeError);
  });

  it('refuses projections that would write into the same table', async () => {
    const twin = { ...thingsProjection, name: 'twin' };
    await expect(start([thingsProjection, twin])).rejects.toThrow('two projections share the name things_v1');
  });
});
