import { ColumnValue } from '@app/event-sourcing';
import { MergedRow, MergedTable } from './merge-changes';
import { COLUMNS_MAX, identifier, qualifiedName, TableShape } from './table-shape';

/** A statement takes rows up to this size; a single larger row goes alone. */
const STATEMENT_CHARACTERS_MAX = 8 * 1024 * 1024;

/** A change that its table cannot take; running it again would not help. */
export class RowRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RowRefused';
  }
}

/** Mask of a row that is to go. */
const DELETE_MASK = -1;

/** Writes any mix of patches, replacements and deletions of one table with one prepared statement; only new rows where rows stay. */
export class MergeStatement {
  readonly name: string;
  readonly text: string;
  private readonly places: ReadonlyMap<string, number>;
  private readonly fullMask: number;

  constructor(private readonly shape: TableShape) {
    if (shape.columns.length > COLUMNS_MAX) throw new RangeError(`${shape.name} has more than ${COLUMNS_MAX} columns`);
    this.name = `merge ${shape.schema === 'read_models' ? '' : 'shadow '}${shape.name}`;
    this.text = shape.insertOnly ? insertText(shape) : mergeText(shape);
    this.places = new Map(shape.columns.map(({ name }, place) => [name, place]));
    this.fullMask = 2 ** shape.columns.length - 1;
  }

  /** One parameter for each time the statement is to be run. Error: `RowRefused` for a column that the table does not have. */
  parameters(rows: MergedTable): string[] {
    const parameters: string[] = [];
    let part: string[] = [];
    let characters = 0;
    for (const [key, row] of rows) {
      const text = this.rowText(key, row);
      if (part.length > 0 && characters + text.length > STATEMENT_CHARACTERS_MAX) {
        parameters.push(`[${part.join(',')}]`);
        part = [];
        characters = 0;
      }
      part.push(text);
      characters += text.length;
    }
    if (part.length > 0) parameters.push(`[${part.join(',')}]`);
    return parameters;
  }

  private rowText(key: string, row: MergedRow): string {
    if (this.shape.insertOnly && row.effect !== 'patch') throw new RowRefused(`rows of ${this.shape.name} are never taken out`);
    const start = `{"k":${jsonText(key)},"m":`;
    if (row.effect === 'delete') return `${start}${DELETE_MASK}}`;
    let mask = 0;
    let values = '';
    for (const name in row.columns) {
      const place = this.places.get(name);
      if (place === undefined) throw new RowRefused(`table ${this.shape.name} has no column ${name}`);
      mask += 2 ** place;
      const value = row.columns[name] ?? null;
      if (value !== null) values += `,"c${place}":${jsonText(value)}`;
    }
    return `${start}${row.effect === 'replace' ? this.fullMask : mask}${values}}`;
  }
}

/** U+0000 and lone surrogates, which JSON may carry and PostgreSQL refuses, always come escaped out of JSON.stringify. */
const MAYBE_REFUSED = '\\u';
/** In a Unicode expression a pair is one character, so this finds only halves. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

function jsonText(value: NonNullable<ColumnValue>): string {
  if (typeof value === 'bigint') return `"${value}"`;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RowRefused('a number that JSON does not have');
    return String(value);
  }
  const text = JSON.stringify(value);
  return text.includes(MAYBE_REFUSED) ? JSON.stringify(storable(value)) : text;
}

/** Text with U+FFFD for what PostgreSQL cannot keep, so that no device can stop a read model by what it sends; the log has the original. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\u0000', '\uFFFD').replace(LONE_SURROGATES, '\uFFFD');
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).map(([name, member]) => [storable(name) as string, storable(member)] as const);
  return Object.fromEntries(entries);
}

/** How the statements take their one parameter: a row's key, what is to happen to it, and its columns by their places. */
function rowSource(columns: TableShape['columns']): string {
  return `json_to_recordset($1::json) as s(k text, m bigint${columns.map(({ type }, place) => `, c${place} ${type}`).join('')})`;
}

function insertText({ schema, name, keyColumn, columns }: TableShape): string {
  const names = [keyColumn, ...columns.map((column) => column.name)].map(identifier).join(', ');
  const values = ['s.k', ...columns.map((_, place) => `s.c${place}`)].join(', ');
  return `insert into ${qualifiedName(schema, name)} (${names}) select ${values} from ${rowSource(columns)}`;
}

function mergeText({ schema, name, keyColumn, columns }: TableShape): string {
  const key = identifier(keyColumn);
  const names = columns.map((column) => identifier(column.name));
  const assignments = names.map(
    (column, place) => `${column} = case when s.m & ${2 ** place} <> 0 then s.c${place} else t.${column} end`,
  );
  const update = assignments.length === 0 ? 'do nothing' : `update set ${assignments.join(', ')}`;
  return [
    `merge into ${qualifiedName(schema, name)} as t`,
    `using ${rowSource(columns)} on t.${key} = s.k`,
    'when matched and s.m < 0 then delete',
    `when matched then ${update}`,
    `when not matched and s.m >= 0 then insert (${[key, ...names].join(', ')})`,
    `values (${['s.k', ...names.map((_, place) => `s.c${place}`)].join(', ')})`,
  ].join('\n');
}
