/** A value that survives JSON unchanged; the only thing an event may carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = Record<string, JsonValue>;

/** What every rule works with: a literal type name in the past tense and its data. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** Who acted: a device by its registration id, an operator by name, or the system itself. */
export interface Actor {
  readonly kind: 'device' | 'operator' | 'system';
  readonly name: string;
}

/** Stored beside every event. `correlationId` names the whole conversation, `causationId` the command or event before this one. */
export interface EventMetadata {
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId: string;
  /** Version of the data's shape, written by the codec; 1 when absent. */
  readonly schemaVersion?: number;
  readonly [key: string]: unknown;
}

/** An event on its way into a store. `id` is a UUID and makes a retry idempotent. */
export interface EventToAppend {
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: EventMetadata;
}

/**
 * Place in the total order of one store: opaque text, ordered only by `EventStore.comparePositions`. Any string fits; the empty record
 * keeps `Position | 'start'` from collapsing into plain text.
 */
export type Position = string & Record<never, never>;

/** An event as a store gives it back. */
export interface RecordedEvent extends EventToAppend {
  readonly stream: string;
  /** 0 for the first event of a stream. */
  readonly revision: bigint;
  readonly position: Position;
  /** ISO 8601 UTC, set by the store. */
  readonly recordedAt: string;
}
