import {
  AppendResult,
  EventBatch,
  EventStore,
  EventToAppend,
  ExpectedRevision,
  Log,
  Position,
  ReadStreamOptions,
  StreamSlice,
  silentLog,
  SubscribeOptions,
} from '@app/event-sourcing';
import { append, AppendMode } from './appends';
import { connect, Connection } from './connection';
import { comparePositions } from './positions';
import { headPosition, readStream } from './reads';
import { subscribe } from './subscription';

export interface EventStoreDbOptions {
  /** `esdb://[user:password@]host:port[,host:port…]?tls=true|false&…`; several hosts, or `esdb+discover://`, mean a cluster. */
  readonly connectionString: string;
  readonly log?: Log;
  /** For one try of an append; default 3,000. */
  readonly appendTimeoutMs?: number;
  /** For one try of a read; default 10,000. */
  readonly readTimeoutMs?: number;
  /** A subscription that is silent for so long is compared with the head of the log; default 10,000. */
  readonly silenceTimeoutMs?: number;
  /** Waits before a subscription reconnects; default 100 and 10,000. */
  readonly reconnectDelayMinMs?: number;
  readonly reconnectDelayMaxMs?: number;
  /** Default `single`; see `AppendMode` for what `batched` risks. */
  readonly appendMode?: AppendMode;
}

/**
 * The event store port on EventStoreDB (22.6 or later, which gives positions with every read) by its gRPC client. Reads and appends go to the leader. Retries with the same
 * event ids are found by the server: for an exact expected revision without limit, for `any` among its recent appends.
 */
export class EventStoreDbEventStore implements EventStore {
  private constructor(
    private readonly connection: Connection,
    private readonly options: Omit<Required<EventStoreDbOptions>, 'connectionString' | 'log'>,
  ) {}

  /** Opens the process's one client and waits for an answer of the server: `EventStoreUnavailable` when there is none. */
  static async open({ connectionString, log = silentLog, ...given }: EventStoreDbOptions): Promise<EventStoreDbEventStore> {
    const options = {
      appendTimeoutMs: given.appendTimeoutMs ?? 3_000,
      readTimeoutMs: given.readTimeoutMs ?? 10_000,
      silenceTimeoutMs: given.silenceTimeoutMs ?? 10_000,
      reconnectDelayMinMs: given.reconnectDelayMinMs ?? 100,
      reconnectDelayMaxMs: given.reconnectDelayMaxMs ?? 10_000,
      appendMode: given.appendMode ?? 'single',
    };
    const store = new EventStoreDbEventStore(connect(connectionString, log), options);
    try {
      await store.headPosition();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const { appendMode: mode, appendTimeoutMs: timeoutMs, readTimeoutMs } = this.options;
    return append(this.connection, stream, expected, events, { mode, timeoutMs, readTimeoutMs });
  }

  readStream(stream: string, options: ReadStreamOptions = {}): Promise<StreamSlice> {
    return readStream(this.connection, stream, options, this.options.readTimeoutMs);
  }

  subscribeToAll({ from, signal, batchSizeMax }: SubscribeOptions): AsyncIterable<EventBatch> {
    const { readTimeoutMs, silenceTimeoutMs, reconnectDelayMinMs, reconnectDelayMaxMs } = this.options;
    const reconnect = { delayMinMs: reconnectDelayMinMs, delayMaxMs: reconnectDelayMaxMs };
    // Where the end is, is asked now, not when the consumer first asks for a batch.
    let end = from === 'end' ? this.headPosition() : undefined;
    end?.catch(() => undefined);
    const start = (): Promise<Position | 'start'> => {
      if (from !== 'end') return Promise.resolve(from);
      const known = end ?? this.headPosition();
      end = undefined;
      return known;
    };
    const options = { signal, ...(batchSizeMax === undefined ? {} : { batchSizeMax }) };
    return subscribe(this.connection, options, start, { reconnect, readTimeoutMs, silenceTimeoutMs });
  }

  headPosition(): Promise<Position | 'start'> {
    return headPosition(this.connection, this.options.readTimeoutMs);
  }

  comparePositions(a: Position | 'start', b: Position | 'start'): number {
    return comparePositions(a, b);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
