import { EventMetadata, EventToAppend, EventTooLarge, JsonObject, RecordedEvent } from '@app/event-sourcing';
import { JSONEventData, MetadataType, RecordedEvent as LogRecord } from '@eventstore/db-client';
import { toPosition } from './positions';

/** What a server takes in one append unless it is configured otherwise (`MaxAppendSize`), all events of the append together. */
export const APPEND_SIZE_MAX_BYTES = 1024 * 1024;

/** Bytes the server counts for an event beside data and metadata: its type in UTF-16. */
const BYTES_PER_TYPE_CHARACTER = 2;

/** Names that begin so belong to the server; subscriptions leave such events out. */
export const SYSTEM_PREFIX = '$';

/**
 * Events as the client takes them. Throws `EventTooLarge` before anything is sent when together they are more than the server
 * takes, and a RangeError for what would be stored and then never be delivered.
 */
export function toEventData(stream: string, events: readonly EventToAppend[]): JSONEventData[] {
  if (events.length === 0) throw new RangeError(`an append to stream ${stream} has no events`);
  if (stream === '' || stream.startsWith(SYSTEM_PREFIX)) throw new RangeError(`"${stream}" is not a name for a stream of events`);
  let sizeBytes = 0;
  const proposed = events.map((event) => {
    if (event.type === '' || event.type.startsWith(SYSTEM_PREFIX)) {
      throw new RangeError(`"${event.type}" is not a name for a type of event`);
    }
    sizeBytes += eventSizeBytes(event);
    const metadata = event.metadata as unknown as Exclude<MetadataType, Uint8Array>;
    return { id: event.id, contentType: 'application/json' as const, type: event.type, data: event.data, metadata };
  });
  if (sizeBytes > APPEND_SIZE_MAX_BYTES) throw new EventTooLarge(stream, sizeBytes, APPEND_SIZE_MAX_BYTES);
  return proposed;
}

export function eventSizeBytes(event: EventToAppend): number {
  return (
    Buffer.byteLength(JSON.stringify(event.data)) +
    Buffer.byteLength(JSON.stringify(event.metadata)) +
    BYTES_PER_TYPE_CHARACTER * event.type.length
  );
}

/** An event as the server gave it; throws when it is not one that this adapter wrote (not JSON, or without a position). */
export function toRecordedEvent(record: LogRecord): RecordedEvent {
  if (!record.isJson || record.position === undefined) {
    throw new Error(`event ${String(record.revision)} of stream ${record.streamId} is not JSON or has no position in the log`);
  }
  return {
    id: record.id,
    type: record.type,
    data: record.data as JsonObject,
    metadata: (record.metadata ?? {}) as EventMetadata,
    stream: record.streamId,
    revision: record.revision,
    position: toPosition(record.position),
    recordedAt: record.created.toISOString(),
  };
}
