import { EventTooLarge, InvalidAppend } from './event-store';
import { EventToAppend } from './events';

/** An event checked and serialised once, as every store keeps it. */
export interface PreparedEvent {
  /** UUID in lower case. */
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

export const EVENT_DATA_BYTES_MAX = 1024 * 1024;
export const EVENT_METADATA_BYTES_MAX = 64 * 1024;
export const EVENTS_PER_APPEND_MAX = 500;
export const STREAM_NAME_CHARS_MAX = 512;
export const EVENT_TYPE_CHARS_MAX = 200;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Control characters serve stores as separators; half a surrogate pair would be stored as another character. */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;
/** A character of a JavaScript string is at most three bytes of UTF-8, so most texts need not be measured. */
const BYTES_PER_CHAR_MAX = 3;

/**
 * Checks what every store refuses and serialises the rest.
 *
 * Errors: `InvalidAppend`, `EventTooLarge`.
 */
export function prepareAppend(stream: string, events: readonly EventToAppend[]): PreparedEvent[] {
  checkName('stream name', stream, STREAM_NAME_CHARS_MAX);
  if (events.length === 0 || events.length > EVENTS_PER_APPEND_MAX) {
    throw new InvalidAppend(`an append takes 1 to ${EVENTS_PER_APPEND_MAX} events, not ${events.length}`);
  }
  const prepared = events.map((event) => prepareEvent(stream, event));
  if (prepared.length > 1 && new Set(prepared.map(({ id }) => id)).size < prepared.length) {
    throw new InvalidAppend('two events of one append have the same id');
  }
  return prepared;
}

function prepareEvent(stream: string, event: EventToAppend): PreparedEvent {
  checkName('event type', event.type, EVENT_TYPE_CHARS_MAX);
  const id = event.id.toLowerCase();
  if (!UUID.test(id)) throw new InvalidAppend('an event id is not a UUID');
  const data = JSON.stringify(event.data);
  const metadata = JSON.stringify(event.metadata);
  checkSize(stream, data, EVENT_DATA_BYTES_MAX);
  checkSize(stream, metadata, EVENT_METADATA_BYTES_MAX);
  return { id, type: event.type, data, metadata };
}

function checkName(what: string, name: string, charsMax: number): void {
  if (name === '' || name.length > charsMax) throw new InvalidAppend(`a ${what} has 1 to ${charsMax} characters`);
  if (UNSTORABLE.test(name)) throw new InvalidAppend(`a ${what} has no control characters and no half surrogate pairs`);
}

function checkSize(stream: string, text: string, bytesMax: number): void {
  if (text.length * BYTES_PER_CHAR_MAX <= bytesMax) return;
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > bytesMax) throw new EventTooLarge(stream, sizeBytes, bytesMax);
}
