import { EventStore, Position, RecordedEvent } from '@app/event-sourcing';

/** Clocks of writers differ a little, so the edges of a range of time are looked at with this to spare. */
const CLOCK_SPREAD_MS = 60_000;
const BATCH_EVENTS_MAX = 500;
/** Halvings that find any position of 63 bits. */
const PROBES_MAX = 64;
const DECIMAL = /^\d{1,19}$/;

export interface TimeRange {
  /** Inclusive, ISO 8601 UTC; the beginning of the log when absent. */
  readonly since?: string | undefined;
  /** Exclusive; what is in the log now when absent. */
  readonly until?: string | undefined;
}

/**
 * Every event stored within a range of time, in the order of the log, up to where the log ends now. It only reads: nothing happens at a
 * hub. Positions that are numbers are halved to find the beginning; a log of another kind is read from its start.
 */
export async function* eventsBetween(
  store: EventStore,
  { since, until }: TimeRange,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
  const head = await store.headPosition();
  if (head === 'start') return;
  const sinceMs = since === undefined ? -Infinity : Date.parse(since);
  const untilMs = until === undefined ? Infinity : Date.parse(until);
  const from = since === undefined || !DECIMAL.test(head) ? 'start' : await beginning(store, head, sinceMs, signal);
  for await (const { events, caughtUp } of store.subscribeToAll({ from, signal, batchSizeMax: BATCH_EVENTS_MAX })) {
    const reached: readonly RecordedEvent[] = events.filter(({ position }) => store.comparePositions(position, head) <= 0);
    const within = reached.filter(({ recordedAt }) => {
      const atMs = Date.parse(recordedAt);
      return atMs >= sinceMs && atMs < untilMs;
    });
    if (within.length > 0) yield within;
    const last = reached.at(-1);
    const isPast = last !== undefined && Date.parse(last.recordedAt) > untilMs + CLOCK_SPREAD_MS;
    if (caughtUp || isPast || reached.length < events.length || last?.position === head) return;
  }
}

/** A position before everything stored at `sinceMs` or later. */
async function beginning(store: EventStore, head: Position, sinceMs: number, signal: AbortSignal): Promise<Position | 'start'> {
  let low = 0n;
  let high = BigInt(head);
  for (let probe = 0; probe < PROBES_MAX && low < high; probe++) {
    const middle = (low + high) / 2n;
    const event = await firstAfter(store, middle === 0n ? 'start' : middle.toString(), signal);
    const isBefore = event !== undefined && Date.parse(event.recordedAt) < sinceMs - CLOCK_SPREAD_MS;
    if (isBefore) low = middle + 1n;
    else high = middle;
  }
  return low === 0n ? 'start' : low.toString();
}

async function firstAfter(store: EventStore, from: Position | 'start', signal: AbortSignal): Promise<RecordedEvent | undefined> {
  for await (const { events } of store.subscribeToAll({ from, signal, batchSizeMax: 1 })) return events[0];
  return undefined;
}
