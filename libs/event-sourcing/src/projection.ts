import { RecordedEvent } from './events';

/** A column's value as the database driver takes it. */
export type ColumnValue = string | number | boolean | bigint | null | object;

/**
 * What one event does to a read model, as data. Within a batch the runner merges changes of one row (a later column wins, a delete
 * cancels what came before), so a batch costs a few set-based statements instead of one per event.
 */
export type RowChange =
  | {
      readonly table: string;
      readonly op: 'upsert';
      readonly key: string;
      readonly columns: Readonly<Record<string, ColumnValue>>;
    }
  | { readonly table: string; readonly op: 'delete'; readonly key: string };

/** A table of a read model: `ddl` creates it under `name`, whose first column `key` is `keyColumn text primary key`. */
export interface ReadModelTable {
  readonly name: string;
  readonly keyColumn: string;
  /** SQL with `$table` standing for the qualified name, so that a rebuild can create it beside the live one. */
  readonly ddl: string;
  /** Every row is written once, whole, and stays: spares the database looking for it first. */
  readonly insertOnly?: true;
}

/**
 * A disposable read model: a pure function from event to row changes. Changing what it writes means a new `version`, rebuilt
 * beside the old one. A column that is never mentioned keeps its value; so each column's value must follow from the events alone.
 */
export interface Projection {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly ReadModelTable[];
  /** Types this projection reads; others are passed over. */
  readonly eventTypes: readonly string[];
  project(event: RecordedEvent): readonly RowChange[];
}
