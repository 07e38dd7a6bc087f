import { randomUUID } from 'node:crypto';
import { Snapshot } from '@app/event-sourcing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { openPool, Pool } from '../pool';
import { PostgresSnapshotStore } from './postgres-snapshot-store';

/** A seal that a test can see through: the bytes in reverse, after the name. */
const seal = {
  seal: (name: string, plain: Buffer): Buffer => Buffer.concat([Buffer.from(name), Buffer.from(plain).reverse()]),
  open: (name: string, sealed: Buffer): Buffer => {
    if (!sealed.subarray(0, name.length).equals(Buffer.from(name))) throw new Error('sealed under another name');
    return Buffer.from(sealed.subarray(name.length)).reverse();
  },
};

let database: TestDatabase;
let store: PostgresSnapshotStore;
let sql: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  const open = () => PostgresSnapshotStore.open({ config: database.config, schema: 'snaps', seal });
  const [first, second] = await Promise.all([open(), open()]);
  await second.close();
  store = first;
  sql = openPool(database.config, { applicationName: 'test', max: 1 });
});

afterAll(async () => {
  await store.close();
  await sql.end();
  await database.drop();
});

const snapshot = (stream: string, revision: bigint, state: Snapshot['state']): Snapshot => ({
  stream,
  revision,
  eventId: randomUUID(),
  stateVersion: 3,
  state,
});

it('gives back what was saved last, and nothing of a stream that has none', async () => {
  const first = snapshot('a', 5n, { n: [1, null, 'ü'] });
  const other = snapshot('b', 99n, 'text');
  await store.save([first, other]);
  expect(await store.load('a')).toEqual(first);
  const newer = snapshot('a', 9n, { n: 2 });
  await store.save([newer]);
  expect(await Promise.all(['a', 'b', 'c'].map((stream) => store.load(stream)))).toEqual([newer, other, undefined]);
});

it('forgets a stream', async () => {
  await store.save([snapshot('gone', 1n, 1)]);
  await store.forget('gone');
  await store.forget('gone');
  expect(await store.load('gone')).toBeUndefined();
});

it('holds states only sealed, each to its stream', async () => {
  await store.save([snapshot('secret', 1n, { temperature: 21 }), snapshot('moved', 1n, {})]);
  const { rows } = await sql.query<{ state: Buffer }>(`select state from snaps.snapshots_v1 where stream = 'secret'`);
  expect(rows[0]?.state.includes('temperature')).toBe(false);
  await sql.query(
    `update snaps.snapshots_v1 set state = (select state from snaps.snapshots_v1 where stream = 'secret') where stream = 'moved'`,
  );
  await expect(store.load('moved')).rejects.toThrow('another name');
});
