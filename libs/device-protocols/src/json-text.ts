import { jsonProblem } from './https/json-body';

/** Keys with which a document could change what every object inherits. */
const POISONOUS_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A body's JSON value, or why it is not taken: the same documents as over HTTPS. Empty and blank bodies are `undefined`. */
export function readJson(bytes: Uint8Array): { readonly value: unknown } | { readonly problem: string } {
  let value: unknown;
  try {
    const text = utf8.decode(bytes);
    if (text.trim() === '') return { value: undefined };
    value = JSON.parse(text, refusePoison);
  } catch {
    return { problem: 'The body is not valid JSON.' };
  }
  const problem = jsonProblem(value);
  return problem === undefined ? { value } : { problem };
}

function refusePoison(key: string, value: unknown): unknown {
  if (key === '__proto__' || (key === 'constructor' && holdsPoison(value))) throw new SyntaxError('forbidden key');
  return value;
}

function holdsPoison(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).some((key) => POISONOUS_KEYS.has(key));
}

/** JSON in ASCII alone: some clients decode bytes as ASCII, and escapes survive that (wire contract §2.1). */
export function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
