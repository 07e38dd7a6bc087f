/** Deepest nesting taken. Twins end at 10; recursive code behind the edge must never meet a tower of brackets. */
export const JSON_DEPTH_MAX = 64;

/** U+0000 and halves of surrogate pairs have no place in UTF-8 text columns. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Why a parsed JSON value is not taken, undefined when it is: too deep, or with text that cannot be stored as it was sent. */
export function jsonProblem(value: unknown): string | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > JSON_DEPTH_MAX) return `The document is nested deeper than ${JSON_DEPTH_MAX} levels.`;
    const next: unknown[] = [];
    for (const part of level) {
      if (typeof part === 'string' && UNSTORABLE.test(part)) return 'The document contains text that is not valid Unicode.';
      if (typeof part !== 'object' || part === null) continue;
      for (const [key, member] of Object.entries(part)) next.push(key, member);
    }
    level = next;
  }
  return undefined;
}
