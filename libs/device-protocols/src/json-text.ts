import { jsonProblem } from './https/json-body';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A body's JSON value, or why it is not taken: the same documents as over HTTPS. Empty and blank bodies are `undefined`. */
export function readJson(bytes: Uint8Array): { readonly value: unknown } | { readonly problem: string } {
  let value: unknown;
  try {
    const text = utf8.decode(bytes);
    if (text.trim() === '') return { value: undefined };
    value = JSON.parse(text);
  } catch {
    return { problem: 'The body is not valid JSON.' };
  }
  const problem = jsonProblem(value) ?? poisonIn(value);
  return problem === undefined ? { value } : { problem };
}

/** Keys with which a document could change what every object inherits; the depth has been checked before. */
function poisonIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || (key === 'constructor' && hasPrototype(member)))
      return 'The document has a key that is not allowed.';
    const problem = poisonIn(member);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

/** JSON in ASCII alone: some clients decode bytes as ASCII, and escapes survive that (wire contract §2.1). */
export function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
