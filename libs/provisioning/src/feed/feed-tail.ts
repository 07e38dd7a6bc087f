import { Bell, EventBatch, EventStore, Log, Position, RecordedEvent, Subscription, runSubscription } from '@app/event-sourcing';

/** Newest events kept for readers: some seconds of a busy service. */
export const TAIL_EVENTS_MAX = 2_048;
/** A reader that has nothing new is told so as often, so that it can write down its place. */
const QUIET_INTERVAL_MS = 1_000;
const BATCH_EVENTS_MAX = 500;

/**
 * The end of the log in memory, read from the store once for all readers that are up to date; a hundred readers that each asked the
 * store at each append would be twenty thousand queries a second. Who is behind reads the store for itself until it meets the tail.
 */
export class FeedTail {
  private readonly bell = new Bell();
  private events: RecordedEvent[] = [];
  /** Everything after this is in `events`; undefined before the first batch. */
  private before: Position | 'start' | undefined;
  private position: Position | 'start' | undefined;
  private subscription: Subscription | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly signal: AbortSignal,
    private readonly log: Log,
  ) {}

  /** Every event after `from`, once and in order, until `signal` aborts. A batch without events only moves the position on. */
  async *read(from: Position | 'start', signal: AbortSignal): AsyncGenerator<EventBatch, void, undefined> {
    const ending = AbortSignal.any([signal, this.signal]);
    const seen = this.bell.rings;
    this.follow();
    if (this.before === undefined) await this.bell.after(seen, QUIET_INTERVAL_MS, ending);
    let position = from;
    while (!ending.aborted) {
      const { rings } = this.bell;
      const events = this.after(position);
      if (events === undefined) {
        for await (const batch of this.catchUp(position, ending)) {
          position = batch.position;
          yield batch;
          if (this.after(position) !== undefined) break;
        }
        continue;
      }
      const last = events.at(-1);
      if (last === undefined) {
        await this.bell.after(rings, QUIET_INTERVAL_MS, ending);
        if (this.bell.rings === rings) yield { events: [], position, caughtUp: true };
        continue;
      }
      position = last.position;
      yield { events, position, caughtUp: events.length < BATCH_EVENTS_MAX };
    }
  }

  /** Begins to follow the log, and again when the store was away for too long. */
  private follow(): void {
    if (this.subscription !== undefined) return;
    const subscription = runSubscription({
      name: 'feed',
      store: this.store,
      from: 'end',
      signal: this.signal,
      log: this.log,
      handle: (batch) => {
        this.take(batch);
        return Promise.resolve();
      },
    });
    this.subscription = subscription;
    subscription.finished
      .catch(() => undefined)
      .finally(() => {
        this.subscription = undefined;
        this.before = undefined;
        this.events = [];
        this.bell.ring();
      });
  }

  private take({ events, position }: EventBatch): void {
    const all = [...this.events, ...events];
    const kept = all.slice(-TAIL_EVENTS_MAX);
    const lastDropped = all[all.length - kept.length - 1];
    this.before = lastDropped?.position ?? this.before ?? beforeFirst(events, position, this.subscription);
    this.events = kept;
    this.position = position;
    this.bell.ring();
  }

  /** The next events after a position; undefined where the tail does not reach back so far. */
  private after(position: Position | 'start'): readonly RecordedEvent[] | undefined {
    if (this.before === undefined || this.position === undefined) return undefined;
    if (this.store.comparePositions(position, this.before) < 0) return undefined;
    if (this.store.comparePositions(position, this.position) > 0) return undefined;
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = this.events[middle];
      if (event !== undefined && this.store.comparePositions(event.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return this.events.slice(low, low + BATCH_EVENTS_MAX);
  }

  private catchUp(from: Position | 'start', signal: AbortSignal): AsyncIterable<EventBatch> {
    return this.store.subscribeToAll({ from, signal, batchSizeMax: BATCH_EVENTS_MAX });
  }
}

/** Where the subscription began: at its first batch its progress still says so. */
function beforeFirst(
  events: readonly RecordedEvent[],
  position: Position | 'start',
  subscription: Subscription | undefined,
): Position | 'start' {
  return events.length === 0 ? position : (subscription?.progress.position ?? position);
}
