import { randomUUID } from 'node:crypto';
import { EventBatch, EventStore } from '../event-store';
import { EventMetadata, EventToAppend, JsonObject, Position, RecordedEvent } from '../events';

/** The store under test and what can be done to it. */
export interface ContractSubject {
  readonly store: EventStore;
  /** Cuts the store's connections, as a restart of the server would; the store has to recover by itself. Absent where there are none. */
  drop?(): Promise<void>;
  /** Runs after the store was closed. */
  cleanUp?(): Promise<void>;
}

export type SubjectFactory = () => Promise<ContractSubject>;
export type Current = () => ContractSubject;

/** Nothing that is collected has come for so long: nothing will. */
const SILENCE_TIMEOUT_MS = 30_000;

export const metadata: EventMetadata = {
  actor: { kind: 'system', name: 'contract' },
  correlationId: 'correlation-1',
  causationId: 'causation-1',
};

export const newStream = (label = 'stream'): string => `contract-${label}-${randomUUID()}`;

export function event(data: JsonObject = {}, type = 'SomethingHappened'): EventToAppend {
  return { id: randomUUID(), type, data, metadata };
}

export const events = (count: number): EventToAppend[] => Array.from({ length: count }, (_, n) => event({ n }));

export const ids = (list: readonly EventToAppend[]): string[] => list.map(({ id }) => id);

/** Every event of `stream`, oldest first. */
export async function wholeStream(store: EventStore, stream: string): Promise<readonly RecordedEvent[]> {
  return (await store.readStream(stream)).events;
}

export interface Collected {
  readonly events: RecordedEvent[];
  readonly batches: EventBatch[];
}

export interface CollectOptions {
  readonly from: Position | 'start' | 'end';
  /** Only these streams are collected; everything else in the store is passed over. */
  readonly streams: ReadonlySet<string>;
  /** Collecting ends when this holds and the store said that it has caught up. */
  readonly until: (collected: readonly RecordedEvent[]) => boolean;
  readonly batchSizeMax?: number;
  readonly onBatch?: (batch: EventBatch) => void | Promise<void>;
}

/** Enough is there. */
export const reaching =
  (count: number) =>
  (collected: readonly RecordedEvent[]): boolean =>
    collected.length >= count;

/** Subscribes, at most until nothing comes any more: what is missing then shows in the assertions. */
export async function collect(store: EventStore, options: CollectOptions): Promise<Collected> {
  const { from, streams, until, batchSizeMax, onBatch } = options;
  const collected: Collected = { events: [], batches: [] };
  const stopping = new AbortController();
  const timer = setTimeout(() => stopping.abort(), SILENCE_TIMEOUT_MS);
  try {
    const subscription = store.subscribeToAll({
      from,
      signal: stopping.signal,
      ...(batchSizeMax === undefined ? {} : { batchSizeMax }),
    });
    for await (const batch of subscription) {
      collected.batches.push(batch);
      const wanted = batch.events.filter(({ stream }) => streams.has(stream));
      if (wanted.length > 0) timer.refresh();
      collected.events.push(...wanted);
      await onBatch?.(batch);
      if (batch.caughtUp && until(collected.events)) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return collected;
}

/** Positions strictly ascend: nothing came twice, nothing out of order. */
export function expectAscending(store: EventStore, recorded: readonly RecordedEvent[]): void {
  const misplaced = recorded.filter((next, index) => {
    const before = recorded[index - 1];
    return before !== undefined && store.comparePositions(before.position, next.position) >= 0;
  });
  expect(misplaced).toEqual([]);
}

/** Within each stream revisions count up from the first one seen. */
export function expectOrderPerStream(recorded: readonly RecordedEvent[]): void {
  const byStream = new Map<string, bigint[]>();
  for (const { stream, revision } of recorded) byStream.set(stream, [...(byStream.get(stream) ?? []), revision]);
  for (const revisions of byStream.values()) {
    const first = revisions[0] ?? 0n;
    expect(revisions).toEqual(revisions.map((_, index) => first + BigInt(index)));
  }
}
