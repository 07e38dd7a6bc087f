import { createHash } from 'node:crypto';
import { ReadDatabase, Row } from '../shared/read-database';

export const PAGE_ITEMS_DEFAULT = 100;
export const PAGE_ITEMS_MAX = 1_000;
/** Longest cursor taken: two ids of 128 characters in base64url with room to spare. */
export const CURSOR_CHARACTERS_MAX = 1_024;

/** A page of a list. `nextCursor` is null on the last one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  /** 1 to `PAGE_ITEMS_MAX`; `PAGE_ITEMS_DEFAULT` when absent. */
  readonly limit?: number | undefined;
  /** As a page before gave it; undefined for the first page. */
  readonly cursor?: string | undefined;
}

export class InvalidCursor extends Error {
  constructor() {
    super('the cursor does not belong to this list; start again without one');
    this.name = 'InvalidCursor';
  }
}

/** A cursor says where the last page ended. It grants nothing, so it is not signed, but it is bound to one list and its ordering. */
export function encodeCursor(list: string, place: readonly string[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url');
}

/** Error: `InvalidCursor` for anything that this list did not give out. */
export function decodeCursor(list: string, length: number, cursor: string): readonly string[] {
  if (cursor.length > CURSOR_CHARACTERS_MAX || !/^[\w-]+$/.test(cursor)) throw new InvalidCursor();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new InvalidCursor();
  }
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string' && !part.includes('\u0000'))) {
    throw new InvalidCursor();
  }
  const [name, ...place] = parsed as string[];
  if (name !== list || place.length !== length) throw new InvalidCursor();
  return place;
}

/** One column of an ordering that ends in a unique column. */
export interface OrderColumn {
  readonly column: string;
  readonly type: 'text' | 'timestamptz';
  /** The value of the last row of a page, as the next page compares it. */
  place(row: Row): string;
}

/** A condition of trusted SQL in which `$?` stands for the value; left out when the value is undefined. */
export interface Condition {
  readonly sql: string;
  readonly value: unknown;
}

export interface ListQuery<Item> {
  /** Name of the list: prefix of the prepared statement's name and part of its cursors. */
  readonly name: string;
  /** `select … from …`, trusted SQL without a where clause. */
  readonly select: string;
  readonly order: readonly OrderColumn[];
  readonly direction?: 'asc' | 'desc';
  readonly conditions: readonly Condition[];
  item(row: Row): Item;
}

/**
 * Runs one page of a list. Each combination of filters is a statement of its own, prepared under its own name, so that the database
 * plans it for the index that serves it instead of one plan for all combinations.
 */
export async function readPage<Item>(database: ReadDatabase, query: ListQuery<Item>, page: PageRequest): Promise<Page<Item>> {
  const limit = Math.min(Math.max(Math.trunc(page.limit ?? PAGE_ITEMS_DEFAULT), 1), PAGE_ITEMS_MAX);
  const direction = query.direction ?? 'asc';
  const cursorName = [query.name, direction, ...query.order.map(({ column }) => column)].join(' ');
  const values: unknown[] = [];
  const where: string[] = [];
  for (const { sql, value } of query.conditions) {
    if (value === undefined) continue;
    values.push(value);
    where.push(sql.replaceAll('$?', `$${values.length}`));
  }
  if (page.cursor !== undefined) {
    const place = decodeCursor(cursorName, query.order.length, page.cursor);
    where.push(afterPlace(query.order, direction, place, values));
  }
  values.push(limit + 1);
  const text = [
    query.select,
    where.length === 0 ? '' : `where ${where.join(' and ')}`,
    `order by ${query.order.map(({ column }) => `${column} ${direction}`).join(', ')}`,
    `limit $${values.length}`,
  ].join('\n');
  const rows = await database.query({ name: statementName(query.name, text), text, values });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  const nextCursor = more
    ? encodeCursor(
        cursorName,
        query.order.map((column) => column.place(last)),
      )
    : null;
  return { items: shown.map((row) => query.item(row)), nextCursor };
}

/** One name always goes with one text, and is no longer than the 63 characters PostgreSQL tells apart. */
export function statementName(query: string, text: string): string {
  return `${query}.${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
}

function afterPlace(
  order: readonly OrderColumn[],
  direction: 'asc' | 'desc',
  place: readonly string[],
  values: unknown[],
): string {
  const parameters = order.map(({ type }, index) => {
    const value = place[index] ?? '';
    if (type === 'timestamptz' && !isUtcInstant(value)) throw new InvalidCursor();
    values.push(value);
    return `$${values.length}::${type}`;
  });
  const columns = order.map(({ column }) => column).join(', ');
  return `(${columns}) ${direction === 'asc' ? '>' : '<'} (${parameters.join(', ')})`;
}

/** Exactly as `Date.toISOString` writes it, and a day that the calendar has. */
function isUtcInstant(value: string): boolean {
  const ms = /^[1-9]\d{3}-/.test(value) ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}
