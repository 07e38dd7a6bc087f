import { EventToAppend, Position, RecordedEvent } from './events';

/** What the writer believes about the stream: absent, anything, or exactly at this revision (0 is the first event). */
export type ExpectedRevision = 'none' | 'any' | bigint;

export interface AppendResult {
  /** Revision of the last event appended. */
  readonly revision: bigint;
  /** Position of the last event appended. */
  readonly position: Position;
}

export interface ReadStreamOptions {
  readonly direction?: 'forward' | 'backward';
  /** Inclusive; the start (forward) or the end (backward) of the stream when absent. */
  readonly fromRevision?: bigint;
  readonly maxCount?: number;
}

/** `exists` is false when the stream was never written; a range that holds nothing of an existing stream is `exists: true` with no events. */
export interface StreamSlice {
  readonly exists: boolean;
  readonly events: readonly RecordedEvent[];
}

export interface SubscribeOptions {
  /** Exclusive: delivery begins with the event after it. */
  readonly from: Position | 'start' | 'end';
  readonly signal: AbortSignal;
  /** At most this many events in one batch. */
  readonly batchSizeMax?: number;
}

export interface EventBatch {
  /** In order of position; may be empty when only `caughtUp` is news. */
  readonly events: readonly RecordedEvent[];
  /** Where to continue from after this batch. */
  readonly position: Position | 'start';
  /** Nothing more was in the store when this batch was read. */
  readonly caughtUp: boolean;
}

/**
 * The one port to the log. Every adapter passes `eventStoreContract` (contract-suite.ts).
 *
 * Errors: `RevisionConflict` when `expected` does not hold, `EventTooLarge` and `InvalidAppend` before anything is stored,
 * `EventIdReused` when only part of an append was stored before, `EventStoreUnavailable` when the store cannot be reached within the
 * adapter's bounds. An append retried with the same event ids gets the answer of the first.
 */
export interface EventStore {
  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult>;
  readStream(stream: string, options?: ReadStreamOptions): Promise<StreamSlice>;
  /** Endless until `signal` aborts (then it returns); survives lost connections; every event once, in order, none skipped. */
  subscribeToAll(options: SubscribeOptions): AsyncIterable<EventBatch>;
  /** Position of the newest event, `start` for an empty store. */
  headPosition(): Promise<Position | 'start'>;
  comparePositions(a: Position | 'start', b: Position | 'start'): number;
  close(): Promise<void>;
}

export class RevisionConflict extends Error {
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    /** Where the store says the stream is, when it says. */
    readonly actual?: bigint | 'none',
  ) {
    super(
      `stream ${stream} is not at the expected revision (expected ${String(expected)}, actual ${String(actual ?? 'unknown')})`,
    );
    this.name = 'RevisionConflict';
  }
}

export class EventTooLarge extends Error {
  constructor(
    readonly stream: string,
    readonly sizeBytes: number,
    readonly sizeBytesMax: number,
  ) {
    super(`an event for stream ${stream} has ${sizeBytes} bytes, more than the ${sizeBytesMax} this store takes`);
    this.name = 'EventTooLarge';
  }
}

/** What was to be appended is not an append: a name, an id or the number of events is outside what any store takes. */
export class InvalidAppend extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidAppend';
  }
}

/** Event ids were stored before, but not as this append: a retry must bring the same events to the same stream in the same order. */
export class EventIdReused extends Error {
  constructor(readonly stream: string) {
    super(`an append to stream ${stream} has event ids that were stored before in another append`);
    this.name = 'EventIdReused';
  }
}

export class EventStoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EventStoreUnavailable';
  }
}
