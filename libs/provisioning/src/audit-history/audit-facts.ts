import { JsonObject, JsonValue, Position, RecordedEvent } from '@app/event-sourcing';
import type { EnrollmentKind } from '../shared/shapes';

/** Milliseconds since 1970 in base 36: enough until the year 5188. */
const TIME_DIGITS = 9;
/** Of a number of 64 bits in base 36. */
const PLACE_DIGITS = 13;
const POSITION = /^(\d{1,20})(?::(\d{1,20}))?$/;
const RADIX = 36;
/** Of a decimal number that is exact as a number of JavaScript. */
const NUMBER_DIGITS_MAX = 15;
const ENROLLMENT_STREAM = /^(individualEnrollment|enrollmentGroup)-(.+)$/;

export interface EnrollmentRef {
  readonly kind: EnrollmentKind;
  readonly id: string;
}

/** Events of one batch share their time, so the last key is remembered. */
let lastTime = { time: '', key: '' };

/** Sorts before every event of this millisecond and after every earlier one. */
export function timeKey(time: string): string {
  if (lastTime.time !== time) lastTime = { time, key: Date.parse(time).toString(RADIX).padStart(TIME_DIGITS, '0') };
  return lastTime.key;
}

/**
 * By time and then by place in the log, as text that sorts by its bytes, whichever store the position is of: `commit:prepare` of
 * EventStoreDB as well as a number. Being one text, it makes any range of time a range of keys. Error: `RangeError`.
 */
export function eventKey({ recordedAt, position }: { readonly recordedAt: string; readonly position: Position }): string {
  const [, commit, prepare] = POSITION.exec(position) ?? [];
  if (commit === undefined) throw new RangeError('not a position of any known store');
  const places = prepare === undefined ? [commit] : [commit, prepare];
  return timeKey(recordedAt) + places.map(placeKey).join('');
}

/** Most fit in a number, which is far quicker. */
function placeKey(place: string): string {
  const number = place.length <= NUMBER_DIGITS_MAX ? Number(place) : BigInt(place);
  return number.toString(RADIX).padStart(PLACE_DIGITS, '0');
}

/** The enrollment that changed, or that a decision about a device was made by. */
export function enrollmentOf({ stream, data }: Pick<RecordedEvent, 'stream' | 'data'>): EnrollmentRef | null {
  const [, prefix, id] = ENROLLMENT_STREAM.exec(stream) ?? [];
  if (prefix !== undefined && id !== undefined) return { kind: prefix === 'enrollmentGroup' ? 'group' : 'individual', id };
  const enrollment = memberOf(objectOr(data.grounds), 'enrollment') ?? data.enrollment;
  const kind = memberOf(objectOr(enrollment), 'kind');
  const named = memberOf(objectOr(enrollment), 'id');
  return (kind === 'group' || kind === 'individual') && typeof named === 'string' ? { kind, id: named } : null;
}

export function enrollmentKey({ kind, id }: EnrollmentRef): string {
  return `${kind}:${id.toLowerCase()}`;
}

/** What the device said of itself when it asked; null where nobody asked over a versioned API. */
export function versionsOf({ data }: Pick<RecordedEvent, 'data'>): {
  readonly apiVersion: string | null;
  readonly clientVersion: string | null;
} {
  const grounds = objectOr(data.grounds);
  return {
    apiVersion: textOr(memberOf(grounds, 'apiVersion') ?? data.apiVersion),
    clientVersion: textOr(memberOf(grounds, 'clientVersion')),
  };
}

function objectOr(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function memberOf(object: JsonObject | undefined, name: string): JsonValue | undefined {
  return object?.[name];
}

function textOr(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
