import { RowChange } from '@app/event-sourcing';
import fc from 'fast-check';
import { mergeChanges } from './merge-changes';
import { RowModel } from './testing/row-model';

const column = fc.constantFrom('a', 'b', 'c');
const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null));
const place = { table: fc.constant('t'), key: fc.constantFrom('1', '2', '3') };
const change: fc.Arbitrary<RowChange> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ...place, op: fc.constant('upsert' as const), columns: fc.dictionary(column, value) }) },
  { weight: 1, arbitrary: fc.record({ ...place, op: fc.constant('delete' as const) }) },
);

const upsert = (key: string, columns: Record<string, string | null>): RowChange => ({ table: 't', op: 'upsert', key, columns });
const remove = (key: string): RowChange => ({ table: 't', op: 'delete', key });
const merged = (...changes: RowChange[]): unknown => Object.fromEntries(mergeChanges(changes).get('t') ?? []);

describe('merging the row changes of a batch', () => {
  it('lets a later column win and keeps the others', () => {
    expect(merged(upsert('1', { a: 'x', b: 'y' }), upsert('1', { b: 'z', c: null }))).toEqual({
      '1': { effect: 'patch', columns: { a: 'x', b: 'z', c: null } },
    });
  });

  it('forgets what came before a delete, and empties a row that comes back', () => {
    expect(merged(upsert('1', { a: 'x' }), remove('1'))).toEqual({ '1': { effect: 'delete' } });
    expect(merged(remove('1'), upsert('1', { a: 'x' }), upsert('1', { b: 'y' }))).toEqual({
      '1': { effect: 'replace', columns: { a: 'x', b: 'y' } },
    });
    expect(merged(remove('1'), upsert('1', { a: 'x' }), remove('1'))).toEqual({ '1': { effect: 'delete' } });
  });

  it('does not write into the changes it was given', () => {
    const first = upsert('1', { a: 'x' });
    mergeChanges([first, upsert('1', { a: 'y' }), upsert('1', { b: 'z' })]);
    expect(first).toEqual(upsert('1', { a: 'x' }));
  });

  it('equals applying the changes one by one, wherever the batches end', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 5 }), (batches) => {
        const oneByOne = new RowModel().apply(batches.flat());
        const batched = batches.reduce((model, batch) => model.applyMerged(mergeChanges(batch)), new RowModel());
        expect(batched.contents).toEqual(oneByOne.contents);
      }),
    );
  });
});
