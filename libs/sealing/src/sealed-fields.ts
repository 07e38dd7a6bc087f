import { isDeepStrictEqual } from 'node:util';
import { JsonObject, JsonValue } from '@app/event-sourcing';

/** A field of an event that says something of a subject: its members joined by dots, and what stands there when its key is gone. */
export interface ProtectedField {
  readonly path: string;
  /** Of the shape that the event has there, and empty. */
  readonly erased: JsonValue;
}

/** What of a log is sealed, and whose it is. */
export interface SealingPolicy {
  /** The subject of a stream's events, whose key they are sealed with; undefined for streams that are nobody's. */
  subjectOf(stream: string): string | undefined;
  fieldsOf(eventType: string): readonly ProtectedField[];
}

/** The value at a path; undefined where there is none. */
export function valueAt(data: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = data;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = value[name];
  }
  return value;
}

/** A copy of the data with another value at the path, which exists. */
export function withValueAt(data: JsonObject, path: string, value: JsonValue): JsonObject {
  const [name = '', ...rest] = path.split('.');
  if (rest.length === 0) return { ...data, [name]: value };
  return { ...data, [name]: withValueAt(data[name] as JsonObject, rest.join('.'), value) };
}

/** Nothing that could be anybody's: null, an empty object or array, and what the field says when it is erased. */
export function isEmpty(value: JsonValue | undefined, { erased }: ProtectedField): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && (Object.keys(value).length === 0 || isDeepStrictEqual(value, erased));
}
