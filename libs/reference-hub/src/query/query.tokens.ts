import { HubError } from '../hub-error';

export type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'sign'; readonly text: string };

/** Words are names, paths such as `tags.floor`, keywords; texts stand in single or double quotes, a doubled quote is one quote. */
const TOKEN =
  /\s*(?:(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w$])|(?<word>[A-Za-z_$][\w$-]*(?:\.[\w$][\w$-]*|\.\[\[[^\]]{1,256}\]\]|\[\[[^\]]{1,256}\]\])*)|'(?<single>(?:[^']|'')*)'|"(?<double>(?:[^"]|"")*)"|(?<sign><>|!=|<=|>=|[=<>(),*[\];]))/y;

export const invalidQuery = (message: string): HubError => new HubError('ArgumentInvalid', `the query: ${message}`);

/** Errors: `HubError` ArgumentInvalid. */
export function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  const text = query.trimEnd();
  TOKEN.lastIndex = 0;
  for (let index = 0; index < text.length; index = TOKEN.lastIndex) {
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw invalidQuery(`what stands at character ${index + 1} cannot be read`);
    tokens.push(tokenOf(groups));
  }
  return tokens;
}

function tokenOf({ number, word, single, double, sign }: Partial<Record<string, string>>): Token {
  if (number !== undefined) return { kind: 'number', value: Number(number) };
  if (word !== undefined) return { kind: 'word', text: word };
  if (single !== undefined) return { kind: 'text', value: single.replaceAll("''", "'") };
  if (double !== undefined) return { kind: 'text', value: double.replaceAll('""', '"') };
  return { kind: 'sign', text: sign ?? '' };
}
