import { JsonObject, JsonValue } from '@app/event-sourcing';

export const TAGS_BYTES_MAX = 8 * 1024;
export const PROPERTIES_BYTES_MAX = 32 * 1024;
export const TWIN_DEPTH_MAX = 10;
export const KEY_BYTES_MAX = 1024;
export const STRING_BYTES_MAX = 4096;
export const INTEGER_MIN = -4503599627370496;
export const INTEGER_MAX = 4503599627370495;

const NUMBER_BYTES = 8;
const BOOLEAN_BYTES = 4;

const KEY_REFUSED = /[\p{Cc}\p{Surrogate}.$ ]/u;
/** U+0000 and halves of surrogate pairs cannot be stored as they were sent. */
const TEXT_REFUSED = /[\0\p{Surrogate}]/u;
const CONTROL_CHARACTERS = /\p{Cc}/gu;

export function isStorableText(text: string): boolean {
  return !TEXT_REFUSED.test(text);
}

/** The first breach of IoT Hub's rules for keys, values and depth in tags or properties, in words; undefined when there is none. */
export function twinProblem(name: string, values: JsonObject): string | undefined {
  return objectProblem(name, values, 0);
}

function objectProblem(path: string, object: JsonObject, depth: number): string | undefined {
  if (depth > TWIN_DEPTH_MAX) return `${path} is nested deeper than ${TWIN_DEPTH_MAX} levels`;
  for (const [key, value] of Object.entries(object)) {
    const problem = keyProblem(path, key) ?? valueProblem(path, value, depth);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Neither keys nor values are quoted: they are the device's data, and messages are logged. */
function keyProblem(path: string, key: string): string | undefined {
  if (key === '' || key === '__proto__') return `${path} has a key that is empty or reserved`;
  if (KEY_REFUSED.test(key)) return `${path} has a key with a control character, '.', '$' or a space`;
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `${path} has a key longer than ${KEY_BYTES_MAX} bytes`;
  return undefined;
}

function valueProblem(path: string, value: JsonValue, depth: number): string | undefined {
  if (typeof value === 'string') {
    if (Buffer.byteLength(value) > STRING_BYTES_MAX) return `${path} has a text longer than ${STRING_BYTES_MAX} bytes`;
    return isStorableText(value) ? undefined : `${path} has a text that is not valid Unicode`;
  }
  if (typeof value === 'number') return numberProblem(path, value);
  if (typeof value === 'boolean' || value === null) return undefined;
  if (!Array.isArray(value)) return objectProblem(path, value, depth + 1);
  if (depth + 1 > TWIN_DEPTH_MAX) return `${path} is nested deeper than ${TWIN_DEPTH_MAX} levels`;
  for (const item of value) {
    const problem = valueProblem(path, item, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function numberProblem(path: string, value: number): string | undefined {
  if (!Number.isFinite(value)) return `${path} has a number that cannot be stored`;
  if (Number.isInteger(value) && (value < INTEGER_MIN || value > INTEGER_MAX)) {
    return `${path} has an integer outside ${INTEGER_MIN} to ${INTEGER_MAX}`;
  }
  return undefined;
}

/** Metadata that come with a twin are kept as they are, so they must only be storable. */
export function metadataProblem(name: string, metadata: JsonValue): string | undefined {
  if (typeof metadata === 'string')
    return isStorableText(metadata) ? undefined : `${name} has metadata that are not valid Unicode`;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  for (const [key, value] of Object.entries(metadata)) {
    const problem = metadataProblem(name, key) ?? metadataProblem(name, value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Size as IoT Hub counts it: keys and texts by their UTF-8 bytes without control characters, numbers 8, booleans 4. */
export function twinSizeBytes(value: JsonValue): number {
  if (typeof value === 'string') return textSizeBytes(value);
  if (typeof value === 'number') return NUMBER_BYTES;
  if (typeof value === 'boolean') return BOOLEAN_BYTES;
  if (value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + twinSizeBytes(item), 0);
  let sum = 0;
  for (const [key, member] of Object.entries(value)) sum += textSizeBytes(key) + twinSizeBytes(member);
  return sum;
}

function textSizeBytes(text: string): number {
  return Buffer.byteLength(text.replace(CONTROL_CHARACTERS, ''));
}
