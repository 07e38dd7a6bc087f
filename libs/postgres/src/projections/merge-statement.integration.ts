import { RowChange, silentLog } from '@app/event-sourcing';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import fc from 'fast-check';
import { Pool } from 'pg';
import { withTransaction } from '../pool';
import { openWriterPool, prepareStatements, runAll, statementRuns, Statements } from './batch-writer';
import { mergeChanges } from './merge-changes';
import { RowRefused } from './merge-statement';
import { createReadModels } from './read-model-tables';
import { RowModel } from './testing/row-model';
import { journalProjection, thingsProjection } from './testing/sample-projections';

const columns = fc.record(
  {
    colour: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null)),
    size: fc.oneof(fc.integer(), fc.constant(null)),
    note: fc.oneof(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 2 })), fc.constant(null)),
    seen_at: fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z', null),
  },
  { requiredKeys: [] },
);
const key = fc.constantFrom('1', '2', '3', '4');
const change: fc.Arbitrary<RowChange> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ table: fc.constant('things'), op: fc.constant('upsert' as const), key, columns }) },
  { weight: 1, arbitrary: fc.record({ table: fc.constant('things'), op: fc.constant('delete' as const), key }) },
);

describe('merge statements on PostgreSQL', () => {
  let database: TestDatabase;
  let pool: Pool;
  let statements: Statements;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = openWriterPool(database.config, { applicationName: 'test', max: 1, log: silentLog });
    await createReadModels(pool, [thingsProjection, journalProjection]);
    statements = new Map([
      ...(await prepareStatements(pool, thingsProjection)),
      ...(await prepareStatements(pool, journalProjection)),
    ]);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  beforeEach(() => pool.query('truncate read_models.things_v1'));

  const write = (changes: Iterable<RowChange>): Promise<void> =>
    withTransaction(pool, (client) => runAll(client, statementRuns(statements, mergeChanges(changes))));
  const rows = async (): Promise<Record<string, unknown>> => {
    const result = await pool.query<Record<string, unknown>>('select * from read_models.things_v1');
    const filled = result.rows.map(({ thing, seen_at: seenAt, ...row }) => {
      const plain = { ...row, seen_at: seenAt instanceof Date ? seenAt.toISOString() : null };
      return [thing, Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null))];
    });
    return Object.fromEntries(filled) as Record<string, unknown>;
  };
  const upsert = (name: string, values: Record<string, string | number | object | null>): RowChange => ({
    table: 'things',
    op: 'upsert',
    key: name,
    columns: values,
  });

  it('leave the rows that changes applied one by one would leave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 4 }), async (batches) => {
        await pool.query('truncate read_models.things_v1');
        for (const batch of batches) await write(batch);
        const expected = new RowModel().apply(batches.flat()).contents;
        expect(await rows()).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
      { numRuns: 150 },
    );
  });

  it('keep a column that a change does not name and empty one that it sets to null', async () => {
    await write([upsert('1', { colour: 'red', size: 1 })]);
    await write([upsert('1', { colour: null, note: { a: [1, null] } })]);
    expect(await rows()).toEqual({ '1': { size: 1, note: { a: [1, null] } } });
  });

  it('keep rows whose text PostgreSQL cannot store, with a replacement for the character', async () => {
    await write([upsert('1', { colour: 'a\u0000b', note: { 'k\u0000': '\ud800', pair: '😀', plain: '\\u0000' } })]);
    expect(await rows()).toEqual({
      '1': { colour: 'a\uFFFDb', note: { 'k\uFFFD': '\uFFFD', pair: '😀', plain: '\\u0000' } },
    });
  });

  it('refuse a column that the table does not have and write nothing', async () => {
    await expect(write([upsert('1', { colour: 'red' }), upsert('2', { weight: 1 })])).rejects.toThrow(RowRefused);
    expect(await rows()).toEqual({});
  });

  it('split what is too much for one statement', async () => {
    const large = 'x'.repeat(3 * 1024 * 1024);
    await write(Array.from({ length: 5 }, (_, index) => upsert(String(index), { note: { large } })));
    const { rows: sizes } = await pool.query<{ size: number }>(
      `select length(note->>'large') as size from read_models.things_v1`,
    );
    expect(sizes.map(({ size }) => size)).toEqual(Array.from({ length: 5 }, () => large.length));
  });

  it('find rows by the index, however empty the table was when they were planned', async () => {
    const statement = statements.get('things');
    const { rows: plan } = await pool.query<{ 'QUERY PLAN': string }>(
      `explain ${statement?.text.replace('$1', `'[{"k":"1","m":1}]'`) ?? ''}`,
    );
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/Index Scan using things_v1_pkey/);
  });

  describe('of a table whose rows stay', () => {
    const entry = (place: string, columns: Record<string, string | number>): RowChange => ({
      table: 'journal',
      op: 'upsert',
      key: place,
      columns,
    });
    const entries = async (): Promise<unknown[]> =>
      (await pool.query<object>('select place, thing, revision::int as revision from read_models.journal_v1 order by place'))
        .rows;
    beforeEach(() => pool.query('truncate read_models.journal_v1'));

    it('add what a batch says of a row in the end', async () => {
      await write([entry('1', { thing: 'a' }), entry('2', { thing: 'b', revision: 7 }), entry('1', { revision: 3 })]);
      expect(await entries()).toEqual([
        { place: '1', thing: 'a', revision: 3 },
        { place: '2', thing: 'b', revision: 7 },
      ]);
    });

    it('are refused when the row is there, and when one is to go, and write nothing', async () => {
      await write([entry('1', { thing: 'a', revision: 0 })]);
      const again = write([entry('2', { thing: 'b' }), entry('1', { thing: 'changed' })]);
      await expect(again).rejects.toMatchObject({ code: '23505' });
      await expect(write([{ table: 'journal', op: 'delete', key: '1' }])).rejects.toThrow(RowRefused);
      expect(await entries()).toEqual([{ place: '1', thing: 'a', revision: 0 }]);
    });
  });
});
