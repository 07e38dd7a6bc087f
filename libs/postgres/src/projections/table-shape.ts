import { Projection, ReadModelTable } from '@app/event-sourcing';

/** Schema of all read models; it holds nothing that cannot be rebuilt from the log. */
export const READ_MODELS_SCHEMA = 'read_models';
/** Where a rebuild makes its tables, under the names they will have after the switch. */
export const SHADOW_SCHEMA = 'read_models_rebuild';

/** Merge statements say with one bit a column which ones a change names; JSON numbers are exact up to 53 bits. */
export const COLUMNS_MAX = 52;

const IDENTIFIER = /^[a-z][a-z0-9_]{0,47}$/;

export interface ColumnShape {
  readonly name: string;
  /** As PostgreSQL writes it. */
  readonly type: string;
}

/** One table as it is in the database. */
export interface TableShape {
  readonly schema: string;
  /** With the version, e.g. `device_status_v1`. */
  readonly name: string;
  readonly keyColumn: string;
  /** Without the key. */
  readonly columns: readonly ColumnShape[];
  /** Rows are only ever added. */
  readonly insertOnly: boolean;
}

/** The only names that get into SQL text: lower-case letters, digits, underscores. Error: `RangeError` for any other. */
export function identifier(name: string): string {
  if (!IDENTIFIER.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name for a table or column of a read model`);
  return `"${name}"`;
}

export function versionedName(projection: Pick<Projection, 'version'>, table: Pick<ReadModelTable, 'name'>): string {
  return `${table.name}_v${projection.version}`;
}

export function qualifiedName(schema: string, name: string): string {
  return `${identifier(schema)}.${identifier(name)}`;
}
