import { EventBatch, EventStore } from './event-store';
import { Position } from './events';
import { Log, silentLog } from './log';

export interface SubscriptionOptions {
  /** Names the subscription in logs and errors. */
  readonly name: string;
  readonly store: Pick<EventStore, 'subscribeToAll' | 'comparePositions' | 'headPosition'>;
  /** Exclusive, as in `EventStore.subscribeToAll`. */
  readonly from: Position | 'start' | 'end';
  /** Gets every batch in order, the next one when this one is done; also batches without events, whose news is their position. A batch that fails comes again. */
  handle(batch: EventBatch, signal: AbortSignal): Promise<void>;
  readonly signal: AbortSignal;
  readonly log?: Log;
  readonly batchSizeMax?: number;
  /** Failures in a row before the subscription gives up; `SUBSCRIPTION_RETRIES_MAX` when absent. */
  readonly retriesMax?: number;
}

export interface SubscriptionProgress {
  /** Everything up to here is handled. */
  readonly position: Position | 'start';
  /** The last batch was the newest there was. */
  readonly caughtUp: boolean;
  readonly eventsHandled: number;
  /** Failures since the last batch that was handled. */
  readonly failuresInARow: number;
  /** Calls of `waitFor` that have no answer yet. */
  readonly waiters: number;
}

export const SUBSCRIPTION_RETRIES_MAX = 10;
export const SUBSCRIPTION_WAITERS_MAX = 10_000;
const FIRST_DELAY_MS = 20;
const DELAY_MS_MAX = 5_000;

/** A subscription gave up after too many failures in a row; `cause` is the last one. */
export class SubscriptionFailed extends Error {
  constructor(name: string, attempts: number, cause: unknown) {
    super(`subscription ${name} gave up after ${attempts} failures in a row`, { cause });
    this.name = 'SubscriptionFailed';
  }
}

/** Begins at once; see `Subscription`. */
export function runSubscription(options: SubscriptionOptions): Subscription {
  return new Subscription(options);
}

/**
 * Feeds one handler from the log. What fails, the handler or the store, is tried again from the last handled position with growing
 * delays; after too many failures in a row it stops for good rather than skip anything.
 */
export class Subscription {
  /** Resolves when the signal has aborted, rejects with `SubscriptionFailed`. */
  readonly finished: Promise<void>;
  private position: Position | 'start' | 'end';
  private caughtUp = false;
  private eventsHandled = 0;
  private failuresInARow = 0;
  private ended = false;
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly options: SubscriptionOptions) {
    this.position = options.from;
    this.finished = this.run().finally(() => {
      this.ended = true;
      for (const waiter of this.waiters) waiter.answer(false);
    });
    // Whoever started it may look later; until then a failure is no unhandled rejection.
    this.finished.catch(() => undefined);
  }

  get progress(): SubscriptionProgress {
    const { caughtUp, eventsHandled, failuresInARow } = this;
    const position = this.position === 'end' ? 'start' : this.position;
    return { position, caughtUp, eventsHandled, failuresInARow, waiters: this.waiters.size };
  }

  /** True as soon as everything up to `position` is handled; false after `timeoutMs`, at the end, or when too many wait already. */
  waitFor(position: Position | 'start', timeoutMs: number): Promise<boolean> {
    if (this.hasReached(position)) return Promise.resolve(true);
    if (this.ended || this.waiters.size >= SUBSCRIPTION_WAITERS_MAX) return Promise.resolve(false);
    return new Promise((resolve) => {
      const answer = (reached: boolean): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(reached);
      };
      const timer = setTimeout(() => answer(false), timeoutMs);
      const waiter: Waiter = { position, answer };
      this.waiters.add(waiter);
    });
  }

  private async run(): Promise<void> {
    const { signal, name, log = silentLog, retriesMax = SUBSCRIPTION_RETRIES_MAX } = this.options;
    while (!signal.aborted) {
      try {
        await this.consume();
      } catch (cause) {
        if (isAborted(signal)) return;
        this.failuresInARow += 1;
        log.warn({ err: cause, subscription: name, failuresInARow: this.failuresInARow }, 'a subscription failed');
        if (this.failuresInARow > retriesMax) throw new SubscriptionFailed(name, this.failuresInARow, cause);
        await delay(Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** this.failuresInARow), signal);
      }
    }
  }

  private async consume(): Promise<void> {
    const { store, signal, batchSizeMax } = this.options;
    // The end is fixed once: looking for it again after a failure would skip what came between.
    this.position = this.position === 'end' ? await store.headPosition() : this.position;
    const size = batchSizeMax === undefined ? {} : { batchSizeMax };
    for await (const batch of store.subscribeToAll({ from: this.position, signal, ...size })) {
      await this.options.handle(batch, signal);
      this.position = batch.position;
      this.caughtUp = batch.caughtUp;
      this.eventsHandled += batch.events.length;
      this.failuresInARow = 0;
      for (const waiter of [...this.waiters]) if (this.hasReached(waiter.position)) waiter.answer(true);
    }
  }

  private hasReached(position: Position | 'start'): boolean {
    return this.position !== 'end' && this.options.store.comparePositions(this.position, position) >= 0;
  }
}

interface Waiter {
  readonly position: Position | 'start';
  answer(reached: boolean): void;
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

function delay(timeMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, timeMs);
    signal.addEventListener('abort', finish);
  });
}
