import {
  AppendResult,
  Bell,
  compareDecimalPositions,
  EventBatch,
  EventStore,
  EventStoreUnavailable,
  EventToAppend,
  ExpectedRevision,
  Log,
  Position,
  prepareAppend,
  PreparedEvent,
  ReadStreamOptions,
  silentLog,
  StreamSlice,
  SubscribeOptions,
  subscribeToPages,
} from '@app/event-sourcing';
import { escapeIdentifier, Pool } from 'pg';
import { isConnectionLoss, withReconnect } from '../connection-loss';
import { migrate } from '../migrations';
import { clientConfig, openPool, PgConfig } from '../pool';
import { AppendListener } from './append-listener';
import { AppendQueue } from './append-queue';
import { AppendStatements } from './append-statements';
import { BatchAppender } from './batch-appender';
import { EVENT_STORE_MIGRATIONS } from './event-store.migrations';
import { ReadStatements } from './read-statements';

export interface PostgresEventStoreOptions {
  readonly config: PgConfig;
  /** Where the events table lies; lower-case letters, digits and underscores. `events` when absent. */
  readonly schema?: string;
  /** How long appends and reads are repeated while the server cannot be reached; then `EventStoreUnavailable`. */
  readonly retryTimeoutMs?: number;
  readonly log?: Log;
}

const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,39}$/;
const READ_CONNECTIONS_MAX = 6;
const STATEMENT_TIMEOUT_MS = 30_000;
const RETRY_TIMEOUT_MS = 15_000;
/** Notifications are hints; this is how late an event can be when one is lost. */
const POLL_MS = 250;

/** Every statement is an index look-up whatever the table's size: plans made while it is small must not be kept as sequential scans. */
const PLANNER_SETTINGS = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', enable_bitmapscan: 'off' };

/** The event store on PostgreSQL, embedded or by URL. Reads and writes go to the primary. */
export class PostgresEventStore implements EventStore {
  private readonly bell = new Bell();
  private readonly closing = new AbortController();
  private readonly queue: AppendQueue;
  private readonly reads: ReadStatements;
  private readonly listener: AppendListener;
  private readonly log: Log;
  private readonly retryTimeoutMs: number;

  private constructor(
    private readonly pools: { readonly append: Pool; readonly read: Pool },
    { config, schema, log, retryTimeoutMs }: Required<PostgresEventStoreOptions>,
  ) {
    const quoted = escapeIdentifier(schema);
    const appender = new BatchAppender(new AppendStatements(pools.append, quoted), retryTimeoutMs, log);
    this.queue = new AppendQueue(async (batch) => {
      await appender.store(batch);
      this.bell.ring();
    });
    this.reads = new ReadStatements(pools.read, quoted);
    const listening = clientConfig(config, { applicationName: 'rehome-events-listen' });
    this.listener = new AppendListener(listening, `${quoted}.appended`, this.bell, log);
    this.log = log;
    this.retryTimeoutMs = retryTimeoutMs;
  }

  /** Connects and brings the schema up to date; waits for a server that is still starting. */
  static async open(options: PostgresEventStoreOptions): Promise<PostgresEventStore> {
    const { config, schema = 'events', log = silentLog, retryTimeoutMs = RETRY_TIMEOUT_MS } = options;
    if (!SCHEMA_NAME.test(schema)) throw new RangeError('the schema of the event store has an invalid name');
    const shared = { statementTimeoutMs: STATEMENT_TIMEOUT_MS, settings: PLANNER_SETTINGS, log };
    const pools = {
      append: openPool(config, { applicationName: 'rehome-events-append', max: 1, ...shared }),
      read: openPool(config, { applicationName: 'rehome-events-read', max: READ_CONNECTIONS_MAX, ...shared }),
    };
    try {
      const connecting = { what: 'opening the event store', log, timeoutMs: retryTimeoutMs };
      await withReconnect(connecting, () => migrate(pools.append, schema, EVENT_STORE_MIGRATIONS));
    } catch (error) {
      await Promise.all([pools.append.end(), pools.read.end()]);
      throw error;
    }
    return new PostgresEventStore(pools, { config, schema, log, retryTimeoutMs });
  }

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const prepared = prepareAppend(stream, events);
      this.queue.push({ stream, expected, events: prepared, chars: charsOf(prepared), resolve, reject });
    });
  }

  readStream(stream: string, options: ReadStreamOptions = {}): Promise<StreamSlice> {
    return this.reading('reading a stream', () => this.reads.readStream(stream, options));
  }

  subscribeToAll(options: SubscribeOptions): AsyncIterable<EventBatch> {
    this.listener.start();
    const { bell, log } = this;
    return subscribeToPages(
      {
        bell,
        pollMs: POLL_MS,
        headPosition: () => this.headPosition(),
        readPage: (after, maxCount, signal) => {
          const reconnecting = { what: 'a subscription', log, signal };
          return withReconnect(reconnecting, () => this.reads.readPage(after, maxCount)).catch((error: unknown) => {
            if (signal.aborted) return [];
            throw error;
          });
        },
      },
      { ...options, signal: AbortSignal.any([options.signal, this.closing.signal]) },
    );
  }

  headPosition(): Promise<Position | 'start'> {
    return this.reading('reading the newest position', () => this.reads.headPosition());
  }

  comparePositions(a: Position | 'start', b: Position | 'start'): number {
    return compareDecimalPositions(a, b);
  }

  /** Stores what was taken for storing, ends subscriptions and closes all connections. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    await Promise.all([this.queue.close(), this.listener.close()]);
    await Promise.all([this.pools.append.end(), this.pools.read.end()]);
  }

  private async reading<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.closing.signal.aborted) throw new EventStoreUnavailable('the event store is closed');
    try {
      return await withReconnect({ what, log: this.log, timeoutMs: this.retryTimeoutMs }, work);
    } catch (cause) {
      if (isConnectionLoss(cause)) throw new EventStoreUnavailable('the event store cannot be reached', { cause });
      throw cause;
    }
  }
}

function charsOf(events: readonly PreparedEvent[]): number {
  return events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
}
