import { ColumnValue, RowChange } from '@app/event-sourcing';
import { MergedTable } from '../merge-changes';

type Row = Readonly<Record<string, ColumnValue>>;

/** Rows of one table in memory, changed one at a time: what merged and set-based writing must equal. Null is the same as absent. */
export class RowModel {
  private readonly rows = new Map<string, Row>();

  apply(changes: Iterable<RowChange>): this {
    for (const change of changes) {
      const place = change.key;
      if (change.op === 'delete') this.rows.delete(place);
      else this.rows.set(place, { ...this.rows.get(place), ...change.columns });
    }
    return this;
  }

  applyMerged(tables: ReadonlyMap<string, MergedTable>): this {
    for (const rows of tables.values()) {
      for (const [place, row] of rows) {
        if (row.effect !== 'patch') this.rows.delete(place);
        if (row.effect !== 'delete') this.rows.set(place, { ...this.rows.get(place), ...row.columns });
      }
    }
    return this;
  }

  get contents(): Record<string, Row> {
    const entries = [...this.rows].map(([place, row]) => {
      const filled = Object.entries(row).filter(([, value]) => value !== null);
      return [place, Object.fromEntries(filled)] as const;
    });
    return Object.fromEntries(entries);
  }
}
