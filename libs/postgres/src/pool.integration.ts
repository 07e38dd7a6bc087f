import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { createDatabase, dropDatabase, onDatabase } from './databases';
import { migrate } from './migrations';
import { PgReadDatabase } from './pg-read-database';
import { openPool, Pool, withTransaction } from './pool';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool(database.config, { applicationName: 'pool-test', max: 4 });
  await pool.query('create table notes (id int primary key, text text)');
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const noteIds = async (): Promise<unknown[]> =>
  (await pool.query<{ id: number }>('select id from notes order by id')).rows.map(({ id }) => id);

describe('pool', () => {
  it('names itself, works in UTC, and keeps commits durable unless told otherwise', async () => {
    const settings = `select current_setting('application_name') as name, current_setting('timezone') as zone, current_setting('synchronous_commit') as commit`;
    expect((await pool.query(settings)).rows).toEqual([{ name: 'pool-test', zone: 'UTC', commit: 'on' }]);
    const relaxed = openPool(database.config, { applicationName: 'relaxed', max: 1, synchronousCommitOff: true });
    expect((await relaxed.query(settings)).rows).toEqual([{ name: 'relaxed', zone: 'UTC', commit: 'off' }]);
    await relaxed.end();
  });

  it('survives the loss of idle connections', async () => {
    const fragile = openPool(database.config, { applicationName: 'fragile', max: 2 });
    await fragile.query('select 1');
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fragile'`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await fragile.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await fragile.end();
  });

  it('ends statements that take too long', async () => {
    const hasty = openPool(database.config, { applicationName: 'hasty', max: 1, statementTimeoutMs: 50 });
    await expect(hasty.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
    await hasty.end();
  });
});

describe('transaction', () => {
  it('commits what resolves and rolls back what throws', async () => {
    expect(await withTransaction(pool, (client) => client.query(`insert into notes values (1, 'kept')`))).toMatchObject({
      rowCount: 1,
    });
    const failing = withTransaction(pool, async (client) => {
      await client.query(`insert into notes values (2, 'lost')`);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await noteIds()).toEqual([1]);
  });

  it('survives the loss of its connection, and gives the pool a new one', async () => {
    const losing = withTransaction(pool, async (client) => {
      await client.query(`insert into notes values (3, 'lost')`);
      await client.query('select pg_terminate_backend(pg_backend_pid())');
    });
    await expect(losing).rejects.toThrow();
    expect(await noteIds()).toEqual([1]);
  });
});

describe('read database', () => {
  it('runs named statements with values; bigint comes as text, json as objects', async () => {
    const read = new PgReadDatabase(pool);
    const statement = {
      name: 'typed',
      text: `select $1::bigint as big, '{"a":[1]}'::jsonb as json`,
      values: ['9007199254740993'],
    };
    expect(await read.query(statement)).toEqual([{ big: '9007199254740993', json: { a: [1] } }]);
    expect(await read.query({ ...statement, values: ['1'] })).toEqual([{ big: '1', json: { a: [1] } }]);
  });
});

describe('migrations', () => {
  const first = { number: 1, name: 'first', sql: 'create table $schema.things (id int)' };
  const second = { number: 2, name: 'second', sql: 'alter table $schema.things add column name text' };

  it('go forward once, whoever races', async () => {
    await Promise.all(Array.from({ length: 4 }, () => migrate(pool, 'things', [first])));
    await Promise.all(Array.from({ length: 4 }, () => migrate(pool, 'things', [first, second])));
    const { rows } = await pool.query('select number, name from things.migrations order by number');
    expect(rows).toEqual([
      { number: 1, name: 'first' },
      { number: 2, name: 'second' },
    ]);
    await expect(migrate(pool, 'things', [first])).rejects.toThrow(/newer version/);
  });

  it('leave nothing behind when one fails', async () => {
    const broken = { number: 2, name: 'broken', sql: 'create table $schema.more (id int); select nonsense' };
    await expect(migrate(pool, 'whole', [first, broken])).rejects.toThrow(/nonsense/);
    const { rows } = await pool.query(`select 1 from information_schema.schemata where schema_name = 'whole'`);
    expect(rows).toEqual([]);
  });
});

describe('databases', () => {
  it('are created once, copied from a template, and dropped with their connections', async () => {
    const name = `pool_test_${process.pid}`;
    await Promise.all([createDatabase(database.config, name), createDatabase(database.config, name)]);
    const inside = openPool(onDatabase(database.config, name), { applicationName: 'inside', max: 1 });
    await inside.query('create table kept as select 42 as answer');
    await inside.end();
    await createDatabase(database.config, `${name}_copy`, name);
    const copy = openPool(onDatabase(database.config, `${name}_copy`), { applicationName: 'copy', max: 1 });
    expect((await copy.query('select * from kept')).rows).toEqual([{ answer: 42 }]);
    await dropDatabase(database.config, `${name}_copy`);
    await dropDatabase(database.config, name);
    await expect(copy.query('select 1')).rejects.toThrow();
    await copy.end();
  });

  it('are named inside a connection string', () => {
    const config = onDatabase({ connectionString: 'postgres://user@db:5432/first?sslmode=require' }, 'näxt');
    expect(config.connectionString).toBe('postgres://user@db:5432/n%C3%A4xt?sslmode=require');
  });
});
