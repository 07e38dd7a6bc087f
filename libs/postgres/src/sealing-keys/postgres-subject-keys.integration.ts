import { KeyWrap } from '@app/sealing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { randomBytes } from 'node:crypto';
import { openPool } from '../pool';
import { PostgresSubjectKeys } from './postgres-subject-keys';

let database: TestDatabase;
const wrap = new KeyWrap(randomBytes(32));
const open: PostgresSubjectKeys[] = [];

async function openKeys(): Promise<PostgresSubjectKeys> {
  const keys = await PostgresSubjectKeys.open({ config: database.config, wrap });
  open.push(keys);
  return keys;
}

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(open.map((keys) => keys.close()));
  await database.drop();
});

test('a subject has one key, whoever asks for it and however many at once', async () => {
  const [a, b] = [await openKeys(), await openKeys()];
  const asked = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? a : b).keyFor(`subject-${n % 20}`));
  const keys = await Promise.all(asked);
  for (const [n, key] of keys.entries()) expect(key).toMatchObject({ id: keys[n % 20]?.id, key: keys[n % 20]?.key });
  expect(new Set(keys.map(({ id }) => id)).size).toBe(20);
  const found = await (await openKeys()).find(keys.map(({ id }) => id));
  expect(found.get(keys[7]?.id ?? '')).toEqual(keys[7]?.key);
});

test('keys lie wrapped in the table', async () => {
  const { id, key } = await (await openKeys()).keyFor('wrapped');
  const pool = openPool(database.config, { applicationName: 'test', max: 1 });
  const { rows } = await pool.query<{ wrapped: string }>('select wrapped from sealing.subject_keys where key_id = $1', [id]);
  await pool.end();
  expect(rows[0]?.wrapped).not.toContain(key.toString('base64').slice(0, 20));
  expect(wrap.unwrap('wrapped', rows[0]?.wrapped ?? '')).toEqual(key);
  expect(() => wrap.unwrap('another', rows[0]?.wrapped ?? '')).toThrow();
  expect(() => new KeyWrap(randomBytes(32)).unwrap('wrapped', rows[0]?.wrapped ?? '')).toThrow();
});

test('a retired key is out of use in every process, and the subject gets another one', async () => {
  const [a, b] = [await openKeys(), await openKeys()];
  const before = await a.keyFor('erased');
  await b.keyFor('erased');
  expect(await a.retire('erased')).toBe(true);
  for (const keys of [a, b, await openKeys()]) expect((await keys.find([before.id])).size).toBe(0);
  const after = await b.keyFor('erased');
  expect(after.id).not.toBe(before.id);
  expect(await a.destroy('erased')).toBe(true);
  expect(await a.destroy('erased')).toBe(false);
  expect(await (await openKeys()).keyFor('erased')).toEqual(after);
  expect(await a.retire('never-there')).toBe(false);
});

test('who retires a key again after a crash waits until nobody has it either', async () => {
  const [a, b, c] = [await openKeys(), await openKeys(), await openKeys()];
  const before = await b.keyFor('half-erased');
  const retiring = a.retire('half-erased');
  // In the table, by one that could be killed now, before it has waited.
  const pool = openPool(database.config, { applicationName: 'test', max: 1 });
  const isRetired = 'select 1 from sealing.subject_keys where key_id = $1 and retired_at is not null';
  while ((await pool.query(isRetired, [before.id])).rowCount === 0);
  await pool.end();
  expect(await c.retire('half-erased')).toBe(false);
  expect((await b.find([before.id])).size).toBe(0);
  expect(await retiring).toBe(true);
});
