import Table from 'cli-table3';

/** A column: its heading, and what it shows of an item. */
export type Column<Item> = readonly [heading: string, value: (item: Item) => unknown];

const COMPACT = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** One line an item under its headings, without lines between, so that it can be read and cut into columns. */
export function table<Item>(columns: readonly Column<Item>[], items: readonly Item[], coloured: boolean): string {
  const head = columns.map(([heading]) => heading.toUpperCase());
  const rows = items.map((item) => columns.map(([, value]) => oneLine(shown(value(item)))));
  return rendered([head, ...rows], coloured);
}

/** Everything of one thing: a line a member, nested ones under their path. */
export function details(value: object, coloured: boolean): string {
  return rendered(
    members(value).map(([name, text]) => [name, text]),
    coloured,
    false,
  );
}

function rendered(rows: readonly (readonly string[])[], coloured: boolean, hasHead = true): string {
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true };
  const made = new Table({ chars: COMPACT, style });
  for (const [index, row] of rows.entries()) {
    const isName = (column: number): boolean => (hasHead ? index === 0 : column === 0);
    made.push(row.map((text, column) => (coloured && isName(column) ? bold(text) : text)));
  }
  const lines = made.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;

/** A value as people read it; what is not there is a dash. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (typeof value === 'object')
    return Array.isArray(value) && value.every(isPlain) ? value.map(String).join(', ') || '-' : JSON.stringify(value);
  return isPlain(value) ? String(value) : '';
}

const isPlain = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';
/** A cell must not break its table, nor carry an escape sequence that something stored brought in. */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ');

function members(value: object, path = ''): (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const place = path === '' ? name : `${path}.${name}`;
    const isNested = typeof member === 'object' && member !== null && !Array.isArray(member) && Object.keys(member).length > 0;
    return isNested ? members(member, place) : [[place, oneLine(shown(member))] as const];
  });
}
