import {
  AppendResult,
  compareDecimalPositions,
  EventBatch,
  EventToAppend,
  ExpectedRevision,
  InMemoryEventStore,
  ReadStreamOptions,
  StreamSlice,
} from '@app/event-sourcing';
import { ChainedEventStore, SignedRoot, verifyLog, VerifyOptions } from '@app/integrity';
import { event, SignedLog } from '@app/integrity/testing/signed-log';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Pool } from 'pg';
import { openPool } from '../pool';
import { PostgresEventStore } from './postgres-event-store';
import { ReadStatements } from './read-statements';

const MUTATIONS = 1_000;
const SIGNED_EVENTS = 100;
const STREAMS = 9;
const CHARACTERS = '0123456789abcdefXYZ -:."{}[],tfn\\ü';
const COLUMNS = ['data', 'metadata', 'type', 'stream', 'revision', 'id', 'position', 'recorded_at'] as const;

let database: TestDatabase;
let log: SignedLog;
let pool: Pool;
let roots: readonly SignedRoot[];

beforeAll(async () => {
  database = await createTestDatabase();
  log = await SignedLog.open(await PostgresEventStore.open({ config: database.config }));
  await log.fill(SIGNED_EVENTS, STREAMS);
  await log.sign(30);
  roots = await log.roots();
  pool = openPool(database.config, { applicationName: 'another-hand', max: 1 });
  await pool.query('alter table events.events disable trigger all');
  await pool.query('alter table events.events drop constraint events_position_check');
});
afterAll(async () => {
  await pool.end();
  await log.close();
  await database.drop();
});

/** The adapter's own reading, on the connection that holds the change in a transaction. */
function asStored(): VerifyOptions['store'] {
  const reads = new ReadStatements(pool, 'events');
  return {
    headPosition: () => reads.headPosition(),
    comparePositions: compareDecimalPositions,
    async *subscribeToAll({ from }): AsyncGenerator<EventBatch> {
      const events = from === 'end' ? [] : await reads.readPage(from, 10_000);
      yield { events, position: events.at(-1)?.position ?? 'start', caughtUp: true };
    },
  };
}

async function* given(): AsyncGenerator<SignedRoot> {
  await Promise.resolve();
  yield* roots;
}

const verify = () =>
  verifyLog({ log: 'log', store: asStored(), roots: given(), publicKey: log.keys.publicKey, macKey: Buffer.alloc(32, 7) });

const pick = <Item>(items: readonly Item[]): Item => items[randomInt(items.length)] as Item;

type Row = Record<(typeof COLUMNS)[number], string>;

async function rows(count: number): Promise<readonly Row[]> {
  const text = COLUMNS.map((column) => `${column}::text`).join(', ');
  return (await pool.query<Row>(`select ${text} from events.events order by random() limit ${count}`)).rows;
}

/** One byte of one column is another one. False where that would say the same, or the column cannot hold it. */
async function edit(): Promise<string | undefined> {
  const [row] = await rows(1);
  const column = pick(COLUMNS);
  const before = row?.[column] ?? '';
  const at = randomInt(before.length);
  const after = `${before.slice(0, at)}${CHARACTERS.charAt(randomInt(CHARACTERS.length))}${before.slice(at + 1)}`;
  if (after === before || says(column, before) === says(column, after)) return undefined;
  const { rowCount } = await pool.query(`update events.events set ${column} = $1 where id::text = $2`, [after, row?.id]);
  if (rowCount !== 1) throw new Error('nothing was edited');
  const { rows: now } = await pool.query<{ value: string }>(
    `select ${column}::text as value from events.events where id::text = $1`,
    [column === 'id' ? after : row?.id],
  );
  // A time may be written in several ways.
  return now[0]?.value === before ? undefined : `${column}: ${before} became ${after}`;
}

/** What a column says: a number is the same with a zero before it, and JSON whatever stands between its tokens. */
function says(column: string, text: string): unknown {
  if (column === 'revision' || column === 'position') return Number(text);
  if (column !== 'data' && column !== 'metadata') return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function remove(): Promise<string> {
  const [row] = await rows(1);
  await pool.query('delete from events.events where id::text = $1', [row?.id]);
  return `deleted position ${row?.position ?? ''}`;
}

/** Two events change places, in the log or with all their content. */
async function swap(): Promise<string | undefined> {
  const [a, b] = await rows(2);
  if (a === undefined || b === undefined) return undefined;
  const columns: readonly (keyof Row)[] = pick([
    ['position'],
    ['data'],
    ['metadata'],
    ['type', 'data', 'metadata'],
    ['id', 'data', 'metadata'],
  ]);
  if (columns.every((column) => a[column] === b[column])) return undefined;
  const put = (row: Row, id: string): Promise<unknown> => {
    const set = columns.map((column, index) => `${column} = $${index + 2}`).join(', ');
    return pool.query(`update events.events set ${set} where id::text = $1`, [id, ...columns.map((column) => row[column])]);
  };
  const away: Row = { ...a, position: '999999', id: '00000000-0000-0000-0000-000000000000' };
  await put(away, a.id);
  await put(a, b.id);
  await put(b, columns.includes('id') ? away.id : a.id);
  return `${columns.join(', ')} of ${a.position} and ${b.position} changed places`;
}

/** An event that follows on well: with the next revision, and a chain that is right but for the key that nobody else has. */
async function insert(): Promise<string> {
  const [row] = await rows(1);
  const stream = pick([row?.stream ?? '', 'a-new-stream']);
  const forger = new ChainedEventStore(new Forging(), Buffer.alloc(32, 9));
  await forger.append(stream, 'any', [event({ forged: true })]);
  return `inserted into ${stream}`;
}

/** A store whose appends go into the table by hand, at positions of the hand's choice. */
class Forging extends InMemoryEventStore {
  override readStream(stream: string, options: ReadStreamOptions = {}): Promise<StreamSlice> {
    return new ReadStatements(pool, 'events').readStream(stream, options);
  }

  override async append(stream: string, expected: ExpectedRevision, [forged]: readonly EventToAppend[]): Promise<AppendResult> {
    const revision = typeof expected === 'bigint' ? expected + 1n : 0n;
    const head = 'select max(position) from events.events';
    const position = pick([`(${head}) + 1`, `(${head}) + 100`, '0', '-7']);
    await pool.query(
      `insert into events.events (position, stream, revision, id, type, data, metadata) values (${position}, $1, $2, $3, $4, $5, $6)`,
      [stream, revision.toString(), forged?.id, forged?.type, JSON.stringify(forged?.data), JSON.stringify(forged?.metadata)],
    );
    return { revision, position: '1' };
  }
}

test('the log is intact as it is', async () => {
  expect(await verify()).toMatchObject({ intact: true, events: SIGNED_EVENTS, streams: STREAMS, roots: 4 });
});

test(`each of ${MUTATIONS} random edits, deletions, swaps and insertions behind the service's back is found`, async () => {
  const missed: string[] = [];
  const made = { edit: 0, remove: 0, swap: 0, insert: 0 };
  const hands = { edit, remove, swap, insert };
  for (let count = 0; count < MUTATIONS;) {
    const kind = pick(['edit', 'edit', 'edit', 'remove', 'swap', 'insert'] as const);
    await pool.query('begin');
    try {
      const change = await hands[kind]();
      if (change === undefined) continue;
      count += 1;
      made[kind] += 1;
      const { intact, firstBreak } = await verify();
      if (intact || firstBreak === null) missed.push(change);
    } catch (error) {
      // A change that the table's own types and constraints refuse cannot be made behind anybody's back.
      if (!isDeepStrictEqual((error as { severity?: string }).severity, 'ERROR')) throw error;
    } finally {
      await pool.query('rollback');
    }
  }
  expect(missed).toEqual([]);
  expect(Math.min(...Object.values(made))).toBeGreaterThan(50);
});
