import { Bell } from './bell';
import {
  AppendResult,
  EventBatch,
  EventIdReused,
  EventStore,
  EventStoreUnavailable,
  ExpectedRevision,
  ReadStreamOptions,
  RevisionConflict,
  StreamSlice,
  SubscribeOptions,
} from './event-store';
import { EventMetadata, EventToAppend, JsonObject, Position, RecordedEvent } from './events';
import { PagedLog, subscribeToPages } from './paged-subscription';
import { compareDecimalPositions, parseDecimalPosition } from './positions';
import { prepareAppend, PreparedEvent } from './prepared-append';

interface StoredEvent extends PreparedEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: Position;
  readonly recordedAt: string;
}

const POLL_MS = 250;

/** For tests and trials: keeps JSON text, so that what is read is a copy that went through JSON, as with the real stores. */
export class InMemoryEventStore implements EventStore {
  private readonly log: StoredEvent[] = [];
  private readonly streams = new Map<string, StoredEvent[]>();
  private readonly byId = new Map<string, StoredEvent>();
  private readonly bell = new Bell();
  private readonly closing = new AbortController();

  constructor(private readonly now: () => Date = () => new Date()) {}

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return this.answer(() => {
      const prepared = prepareAppend(stream, events);
      const repeated = this.findRepeated(stream, prepared);
      if (repeated !== undefined) return { revision: repeated.revision, position: repeated.position };
      const stored = this.streams.get(stream) ?? [];
      const actual = stored.at(-1)?.revision ?? 'none';
      if (expected !== 'any' && expected !== actual) throw new RevisionConflict(stream, expected, actual);
      return this.store(stream, stored, prepared);
    });
  }

  readStream(stream: string, options: ReadStreamOptions = {}): Promise<StreamSlice> {
    return this.answer(() => {
      const { direction = 'forward', fromRevision, maxCount = Infinity } = options;
      const stored = this.streams.get(stream);
      if (stored === undefined) return { exists: false, events: [] };
      const from = Number(fromRevision ?? (direction === 'forward' ? 0 : stored.length - 1));
      const selected =
        direction === 'forward'
          ? stored.slice(from, from + maxCount)
          : stored.slice(Math.max(0, from + 1 - maxCount), from + 1).reverse();
      return { exists: true, events: selected.map(asRecorded) };
    });
  }

  subscribeToAll(options: SubscribeOptions): AsyncIterable<EventBatch> {
    const pages: PagedLog = {
      bell: this.bell,
      pollMs: POLL_MS,
      headPosition: () => this.headPosition(),
      readPage: (after, maxCount) =>
        this.answer(() => {
          const from = Number(parseDecimalPosition(after));
          return this.log.slice(from, from + maxCount).map(asRecorded);
        }),
    };
    return subscribeToPages(pages, { ...options, signal: AbortSignal.any([options.signal, this.closing.signal]) });
  }

  headPosition(): Promise<Position | 'start'> {
    return this.answer(() => this.log.at(-1)?.position ?? 'start');
  }

  comparePositions(a: Position | 'start', b: Position | 'start'): number {
    return compareDecimalPositions(a, b);
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  private async answer<T>(work: () => T): Promise<T> {
    // A real store never answers in the same turn, so callers must not get used to it.
    await Promise.resolve();
    if (this.closing.signal.aborted) throw new EventStoreUnavailable('the event store is closed');
    return work();
  }

  private findRepeated(stream: string, prepared: readonly PreparedEvent[]): StoredEvent | undefined {
    const found = prepared.map(({ id }) => this.byId.get(id));
    if (found.every((event) => event === undefined)) return undefined;
    const first = found[0]?.revision ?? -1n;
    const same = prepared.every((event, index) => {
      const stored = found[index];
      return stored?.stream === stream && stored.revision === first + BigInt(index) && stored.type === event.type;
    });
    if (!same) throw new EventIdReused(stream);
    return found.at(-1);
  }

  private store(stream: string, stored: StoredEvent[], prepared: readonly PreparedEvent[]): AppendResult {
    const recordedAt = this.now().toISOString();
    for (const event of prepared) {
      const position = String(this.log.length + 1);
      const next = { ...event, stream, revision: BigInt(stored.length), position, recordedAt };
      stored.push(next);
      this.log.push(next);
      this.byId.set(event.id, next);
    }
    this.streams.set(stream, stored);
    this.bell.ring();
    return { revision: BigInt(stored.length - 1), position: String(this.log.length) };
  }
}

function asRecorded({ data, metadata, ...event }: StoredEvent): RecordedEvent {
  return { ...event, data: JSON.parse(data) as JsonObject, metadata: JSON.parse(metadata) as EventMetadata };
}
