import { ColumnValue, RowChange } from '@app/event-sourcing';

type Columns = Readonly<Record<string, ColumnValue>>;

/**
 * What a batch does to one row in the end. A patch leaves the columns it does not name as they are, a replacement empties them
 * (the row was deleted and came back within the batch).
 */
export type MergedRow = { readonly effect: 'patch' | 'replace'; columns: Columns } | { readonly effect: 'delete' };

/** Rows by their key. */
export type MergedTable = ReadonlyMap<string, MergedRow>;

const DELETED: MergedRow = { effect: 'delete' };

/** Merges row changes in the order in which they come: applying the result equals applying the changes one by one. */
export class ChangeMerger {
  private readonly merged = new Map<string, Map<string, MergedRow>>();
  /** Columns that belong to this merger and may be written to; those of a first change belong to its projection. */
  private readonly owned = new Set<Columns>();

  add(change: RowChange): void {
    let rows = this.merged.get(change.table);
    if (rows === undefined) this.merged.set(change.table, (rows = new Map<string, MergedRow>()));
    if (change.op === 'delete') {
      rows.set(change.key, DELETED);
      return;
    }
    const row = rows.get(change.key);
    if (row === undefined) rows.set(change.key, { effect: 'patch', columns: change.columns });
    else if (row.effect === 'delete') rows.set(change.key, { effect: 'replace', columns: change.columns });
    else row.columns = this.joined(row.columns, change.columns);
  }

  /** By the name of the table, as the projections call it. */
  get tables(): ReadonlyMap<string, MergedTable> {
    return this.merged;
  }

  private joined(before: Columns, after: Columns): Columns {
    if (this.owned.has(before)) return Object.assign(before, after);
    const joined = { ...before, ...after };
    this.owned.add(joined);
    return joined;
  }
}

export function mergeChanges(changes: Iterable<RowChange>): ReadonlyMap<string, MergedTable> {
  const merger = new ChangeMerger();
  for (const change of changes) merger.add(change);
  return merger.tables;
}
