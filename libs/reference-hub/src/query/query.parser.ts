import { invalidQuery, Token, tokensOf } from './query.tokens';

export type Literal = string | number | boolean | null;
export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A condition on one twin. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly all: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | { readonly kind: 'compare'; readonly path: Path; readonly by: Comparator; readonly with: Literal }
  | { readonly kind: 'in'; readonly path: Path; readonly values: readonly Literal[] }
  | { readonly kind: 'defined'; readonly path: Path };

/** Names of members, outermost first. */
export type Path = readonly string[];

export interface Query {
  /** `null` selects whole twins. */
  readonly select: readonly Path[] | null;
  readonly where: Condition | null;
}

/** Bounds of one query: how deep conditions nest, and how many there are. */
const NESTING_MAX = 16;
const CONDITIONS_MAX = 100;
const VALUES_MAX = 200;

/**
 * `SELECT * | path, … FROM devices [WHERE condition]`: comparisons of a path with a value, IN, IS_DEFINED, AND, OR, NOT and
 * parentheses. Other queries are refused, not answered wrongly. Errors: `HubError` ArgumentInvalid.
 */
export function parseQuery(text: string): Query {
  return new Parser(tokensOf(text)).query();
}

class Parser {
  private position = 0;
  private conditions = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  query(): Query {
    this.expectWord('select');
    const select = this.takeSign('*') ? null : this.list(() => this.path());
    this.expectWord('from');
    const source = this.word();
    if (source.toLowerCase() !== 'devices') throw invalidQuery('this hub answers queries FROM devices only');
    const where = this.takeWord('where') ? this.or(0) : null;
    this.takeSign(';');
    if (this.position < this.tokens.length) throw invalidQuery('more stands there than SELECT … FROM devices WHERE …');
    return { select, where };
  }

  private or(depth: number): Condition {
    return this.joined('or', () => this.and(depth));
  }

  private and(depth: number): Condition {
    return this.joined('and', () => this.term(depth));
  }

  private joined(kind: 'and' | 'or', part: () => Condition): Condition {
    const all = [part()];
    while (this.takeWord(kind)) all.push(part());
    const [only] = all;
    return all.length === 1 && only !== undefined ? only : { kind, all };
  }

  private term(depth: number): Condition {
    if (depth > NESTING_MAX || ++this.conditions > CONDITIONS_MAX) throw invalidQuery('it has too many conditions');
    if (this.takeWord('not')) return { kind: 'not', condition: this.term(depth + 1) };
    if (this.takeSign('(')) {
      const inner = this.or(depth + 1);
      this.expectSign(')');
      return inner;
    }
    if (this.takeWord('is_defined')) {
      this.expectSign('(');
      const path = this.path();
      this.expectSign(')');
      return { kind: 'defined', path };
    }
    const path = this.path();
    if (this.takeWord('in')) return { kind: 'in', path, values: this.values() };
    return { kind: 'compare', path, by: this.comparator(), with: this.literal() };
  }

  private values(): readonly Literal[] {
    const closing = this.takeSign('[') ? ']' : ')';
    if (closing === ')') this.expectSign('(');
    const values = this.list(() => this.literal());
    this.expectSign(closing);
    if (values.length > VALUES_MAX) throw invalidQuery(`IN takes at most ${VALUES_MAX} values`);
    return values;
  }

  private comparator(): Comparator {
    const token = this.next();
    const text = token?.kind === 'sign' ? token.text : '';
    switch (text) {
      case '=':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return text;
      case '<>':
        return '!=';
    }
    throw invalidQuery('a comparison (=, !=, <, <=, >, >=, IN) was expected');
  }

  private literal(): Literal {
    const token = this.next();
    if (token?.kind === 'text' || token?.kind === 'number') return token.value;
    const word = token?.kind === 'word' ? token.text.toLowerCase() : '';
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    throw invalidQuery('a text in quotes, a number, true, false or null was expected');
  }

  /** `devices.` before a path names the source, and `[[key]]` writes a key that is no word. */
  private path(): Path {
    const word = this.word();
    const parts = [...word.matchAll(/\[\[([^\]]+)\]\]|[^.[\]]+/g)].map(([part, quoted]) => quoted ?? part);
    return parts[0]?.toLowerCase() === 'devices' && parts.length > 1 ? parts.slice(1) : parts;
  }

  private list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.takeSign(',')) items.push(item());
    return items;
  }

  private word(): string {
    const token = this.next();
    if (token?.kind === 'word') return token.text;
    throw invalidQuery('a name was expected');
  }

  private next(): Token | undefined {
    return this.tokens[this.position++];
  }

  private takeWord(word: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'word' || token.text.toLowerCase() !== word) return false;
    this.position++;
    return true;
  }

  private takeSign(sign: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.position++;
    return true;
  }

  private expectWord(word: string): void {
    if (!this.takeWord(word)) throw invalidQuery(`${word.toUpperCase()} was expected`);
  }

  private expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw invalidQuery(`${sign} was expected`);
  }
}
