import { Row } from '../shared/read-database';

/** Columns as the driver gives them, checked where they are read, so that a wrong query fails here and not in a caller. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new TypeError(`column ${column} is not text`);
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null || row[column] === undefined ? null : text(row, column);
}

/** ISO 8601 UTC. */
export function instantOrNull(row: Row, column: string): string | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  // A row that a projection has just made holds the event's own text.
  if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return new Date(value).toISOString();
  throw new TypeError(`column ${column} is not an instant`);
}

export function instant(row: Row, column: string): string {
  const value = instantOrNull(row, column);
  if (value === null) throw new TypeError(`column ${column} is null`);
  return value;
}

/** Of an integer or of a bigint that fits a double. */
export function numberOrNull(row: Row, column: string): number | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new TypeError(`column ${column} is not a number`);
}

export function booleanOrNull(row: Row, column: string): boolean | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value;
  throw new TypeError(`column ${column} is not a boolean`);
}

/** A json column; its shape was checked when its event was projected. */
export function jsonOrNull(row: Row, column: string): object | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  if (typeof value === 'object') return value;
  throw new TypeError(`column ${column} is not a JSON object`);
}

/** A bigint, as decimal text. */
export function revision(row: Row): string {
  const value = row.revision;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  throw new TypeError('column revision is not a number');
}
