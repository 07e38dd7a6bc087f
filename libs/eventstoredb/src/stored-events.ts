import {
  EventMetadata,
  EventToAppend,
  EventTooLarge,
  InvalidAppend,
  JsonObject,
  prepareAppend,
  RecordedEvent,
} from '@app/event-sourcing';
import { JSONEventData, MetadataType, RecordedEvent as LogRecord } from '@eventstore/db-client';
import { toPosition } from './positions';

/** What a server takes in one append unless it is configured otherwise (`MaxAppendSize`), all events of the append together. */
export const APPEND_SIZE_MAX_BYTES = 1024 * 1024;

/** Bytes the server counts for an event beside data and metadata: its type in UTF-16. */
const BYTES_PER_TYPE_CHARACTER = 2;

/** Names that begin so belong to the server; subscriptions leave such events out. */
export const SYSTEM_PREFIX = '$';

/**
 * Events as the client takes them.
 *
 * Errors: `InvalidAppend`, also for names that the server keeps to itself; `EventTooLarge` when the events together are more than the
 * server takes.
 */
export function toEventData(stream: string, events: readonly EventToAppend[]): JSONEventData[] {
  const prepared = prepareAppend(stream, events);
  const sizeBytes = appendSizeBytes(events);
  if (sizeBytes > APPEND_SIZE_MAX_BYTES) throw new EventTooLarge(stream, sizeBytes, APPEND_SIZE_MAX_BYTES);
  if (stream.startsWith(SYSTEM_PREFIX)) throw new InvalidAppend('a stream name does not begin with "$"');
  return events.map((event, index) => {
    if (event.type.startsWith(SYSTEM_PREFIX)) throw new InvalidAppend('an event type does not begin with "$"');
    const metadata = event.metadata as unknown as Exclude<MetadataType, Uint8Array>;
    const id = prepared[index]?.id ?? event.id;
    return { id, contentType: 'application/json' as const, type: event.type, data: event.data, metadata };
  });
}

/** As the server counts: data and metadata in UTF-8, types in UTF-16. */
export function appendSizeBytes(events: readonly EventToAppend[]): number {
  return events.reduce((sum, event) => sum + eventSizeBytes(event), 0);
}

function eventSizeBytes(event: EventToAppend): number {
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
