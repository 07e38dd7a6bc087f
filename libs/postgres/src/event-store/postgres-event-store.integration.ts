import {
  EventIdReused,
  EventStoreUnavailable,
  EventToAppend,
  JsonValue,
  RecordedEvent,
  RevisionConflict,
} from '@app/event-sourcing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { randomUUID } from 'node:crypto';
import { openPool, Pool } from '../pool';
import { PostgresEventStore } from './postgres-event-store';

const metadata = { actor: { kind: 'system' as const, name: 'test' }, correlationId: '1', causationId: '1' };
const event = (data: Record<string, JsonValue> = {}): EventToAppend => ({ id: randomUUID(), type: 'Happened', data, metadata });
const newStream = (): string => `stream-${randomUUID()}`;

let database: TestDatabase;
let store: PostgresEventStore;
let sql: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  store = await PostgresEventStore.open({ config: database.config });
  sql = openPool(database.config, { applicationName: 'test', max: 2 });
});

afterAll(async () => {
  await store.close();
  await sql.end();
  await database.drop();
});

async function after(position: string, count: number): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  const stopping = new AbortController();
  for await (const batch of store.subscribeToAll({ from: position, signal: stopping.signal })) {
    seen.push(...batch.events);
    if (seen.length >= count) break;
  }
  return seen;
}

describe('appends in one batch', () => {
  it('to one stream are decided one after the other, each seeing those before', async () => {
    const stream = newStream();
    const expectations = ['none', 0n, 1n, 1n, 2n, 'none', 'any'] as const;
    const outcomes = await Promise.allSettled(expectations.map((expected) => store.append(stream, expected, [event()])));
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.revision : 'refused'))).toEqual([
      0n,
      1n,
      2n,
      'refused',
      3n,
      'refused',
      4n,
    ]);
  });

  it('are stored in order of arrival, across streams', async () => {
    const from = await store.headPosition();
    const streams = [newStream(), newStream(), newStream()];
    const arrivals = Array.from({ length: 30 }, (_, n) => ({ stream: streams[n % 3] ?? '', event: event({ n }) }));
    const distinct = Array.from({ length: 20 }, (_, n) => ({ stream: newStream(), event: event({ n: 30 + n }) }));
    await Promise.all(arrivals.map((arrival) => store.append(arrival.stream, 'any', [arrival.event])));
    await Promise.all(distinct.map((arrival) => store.append(arrival.stream, 'none', [arrival.event])));
    expect((await after(from, 50)).map(({ data }) => data.n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('answer conflicts with where the stream is', async () => {
    const [taken, missing] = [newStream(), newStream()];
    await store.append(taken, 'none', [event(), event()]);
    const [behind, absent] = await Promise.allSettled([
      store.append(taken, 0n, [event()]),
      store.append(missing, 4n, [event()]),
      store.append(newStream(), 'none', [event()]),
    ]);
    expect(behind).toMatchObject({ status: 'rejected', reason: new RevisionConflict(taken, 0n, 1n) });
    expect(absent).toMatchObject({ status: 'rejected', reason: new RevisionConflict(missing, 4n, 'none') });
  });

  it('answer retries and refuse reused ids, each for itself', async () => {
    const [first, other] = [newStream(), newStream()];
    const appended = [event(), event()];
    const answer = await store.append(first, 'none', appended);
    const outcomes = await Promise.allSettled([
      store.append(first, 'none', appended),
      store.append(other, 'none', appended),
      store.append(newStream(), 'none', [event()]),
    ]);
    expect(outcomes[0]).toEqual({ status: 'fulfilled', value: answer });
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: new EventIdReused(other) });
    expect(outcomes[2].status).toBe('fulfilled');
    expect((await store.readStream(other)).exists).toBe(false);
  });

  it('refuse a retry with the same ids in another order or with other data', async () => {
    const stream = newStream();
    const [one, two] = [event({ n: 1 }), event({ n: 2 })];
    await store.append(stream, 'none', [one, two]);
    await expect(store.append(stream, 'any', [two, one])).rejects.toBeInstanceOf(EventIdReused);
    await expect(store.append(stream, 'any', [one, { ...two, data: { n: 3 } }])).rejects.toBeInstanceOf(EventIdReused);
    await expect(store.append(stream, 'any', [one])).resolves.toMatchObject({ revision: 0n });
  });

  it('suffer nothing from one that the database refuses', async () => {
    let deep: JsonValue = [];
    for (let depth = 0; depth < 6_000; depth++) deep = [deep];
    const streams = [newStream(), newStream(), newStream()];
    const outcomes = await Promise.allSettled(
      streams.map((stream, n) => store.append(stream, 'none', [event(n === 1 ? { deep } : { n })])),
    );
    const stored = await Promise.all(streams.map((stream) => store.readStream(stream)));
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(stored.map(({ exists }) => exists));
    expect([outcomes[0]?.status, outcomes[2]?.status]).toEqual(['fulfilled', 'fulfilled']);
  });
});

describe('the events table', () => {
  it.each(['update events.events set type = type', 'delete from events.events', 'truncate events.events'])(
    'refuses "%s"',
    async (text) => {
      await store.append(newStream(), 'none', [event()]);
      await expect(sql.query(text)).rejects.toThrow(/never changed or removed/);
    },
  );

  it('holds one event per revision and id, whatever writes to it', async () => {
    const stream = newStream();
    const appended = event();
    await store.append(stream, 'none', [appended]);
    const insert = (id: string, revision: number) =>
      sql.query(
        `insert into events.events (position, stream, revision, id, type, data, metadata)
         select max(position) + 1, $1, $2, $3, 'Happened', '{}', '{}' from events.events`,
        [stream, revision, id],
      );
    await expect(insert(randomUUID(), 0)).rejects.toThrow(/events_stream_revision_key/);
    await expect(insert(appended.id, 1)).rejects.toThrow(/events_id_key/);
  });

  it('is found by index, also with plans that were made while it was empty', async () => {
    const explained = await sql.connect();
    try {
      await explained.query('set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_bitmapscan = off');
      await explained.query(
        'prepare head as select revision from events.events where stream = $1 order by revision desc limit 1',
      );
      const { rows } = await explained.query<{ 'QUERY PLAN': string }>("explain execute head('s')");
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index.*Backward.*events_stream_revision_key/);
    } finally {
      explained.release(true);
    }
  });
});

describe('two stores on one database', () => {
  it('make one gap-safe order: a subscriber of one sees every event of both, once', async () => {
    const second = await PostgresEventStore.open({ config: database.config });
    const from = await store.headPosition();
    const writers = Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? store : second));
    const write = async (writer: PostgresEventStore): Promise<void> => {
      for (let n = 0; n < 100; n++) await writer.append(newStream(), 'none', [event(), event()]);
    };
    const [seen] = await Promise.all([after(from, 1_600), ...writers.map(write)]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1_600);
    const replayed = await after(from, 1_600);
    expect(seen.map(({ position }) => position)).toEqual(replayed.map(({ position }) => position));
    await second.close();
  });

  it('wake each other by notification, well before the poll', async () => {
    const second = await PostgresEventStore.open({ config: database.config });
    const from = await store.headPosition();
    const delaysMs: number[] = [];
    const stopping = new AbortController();
    for await (const batch of store.subscribeToAll({ from, signal: stopping.signal })) {
      const [seen] = batch.events;
      if (seen !== undefined) delaysMs.push(Date.now() - Number(seen.data.sentAtMs));
      if (delaysMs.length === 5) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
      void second.append(newStream(), 'none', [event({ sentAtMs: Date.now() })]);
    }
    expect(Math.min(...delaysMs)).toBeLessThan(100);
    await second.close();
  });
});

describe('opening and closing', () => {
  it('may be raced by many processes on an empty database', async () => {
    const fresh = await createTestDatabase();
    const stores = await Promise.all(
      Array.from({ length: 5 }, () => PostgresEventStore.open({ config: fresh.config, schema: 'raced' })),
    );
    await Promise.all(stores.map((opened) => opened.append(newStream(), 'none', [event()])));
    expect(await stores[0]?.headPosition()).toBe('5');
    await Promise.all(stores.map((opened) => opened.close()));
    await fresh.drop();
  });

  it('refuses a schema that a newer program wrote, and a name that is none', async () => {
    const fresh = await createTestDatabase();
    await (await PostgresEventStore.open({ config: fresh.config })).close();
    const pool = openPool(fresh.config, { applicationName: 'test', max: 1 });
    await pool.query(`insert into events.migrations (number, name) values (99, 'from the future')`);
    await pool.end();
    await expect(PostgresEventStore.open({ config: fresh.config })).rejects.toThrow(/newer version/);
    await expect(PostgresEventStore.open({ config: fresh.config, schema: 'x"; drop' })).rejects.toThrow(RangeError);
    await fresh.drop();
  });

  it('stores what was taken before it closes, and then refuses', async () => {
    const closing = await PostgresEventStore.open({ config: database.config });
    const stream = newStream();
    const appends = Promise.all(Array.from({ length: 10 }, () => closing.append(stream, 'any', [event()])));
    await closing.close();
    expect(await appends).toHaveLength(10);
    await expect(closing.append(stream, 'any', [event()])).rejects.toBeInstanceOf(EventStoreUnavailable);
    await expect(closing.readStream(stream)).rejects.toBeInstanceOf(EventStoreUnavailable);
  });
});
