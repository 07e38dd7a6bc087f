import { EventStoreUnavailable } from '@app/event-sourcing';
import { PendingAppend } from './pending-append';

/** What may wait; beyond this the store refuses instead of growing. */
export const WAITING_APPENDS_MAX = 20_000;
export const WAITING_CHARS_MAX = 64 * 1024 * 1024;
/** What goes into one transaction. */
export const BATCH_APPENDS_MAX = 500;
const BATCH_CHARS_MAX = 4 * 1024 * 1024;

/**
 * Coalesces appends: what arrives while a batch is on its way makes up the next one, in order of arrival. One batch at a time, because
 * batches would only wait for each other's lock in the database.
 */
export class AppendQueue {
  private waiting: PendingAppend[] = [];
  private waitingChars = 0;
  private running: Promise<void> | undefined;
  private closed = false;

  /** `store` settles every append of its batch and never throws. */
  constructor(private readonly store: (batch: readonly PendingAppend[]) => Promise<void>) {}

  push(append: PendingAppend): void {
    if (this.closed) {
      append.reject(new EventStoreUnavailable('the event store is closed'));
      return;
    }
    if (this.waiting.length >= WAITING_APPENDS_MAX || this.waitingChars > WAITING_CHARS_MAX) {
      append.reject(new EventStoreUnavailable(`${this.waiting.length} appends wait already`));
      return;
    }
    this.waiting.push(append);
    this.waitingChars += append.chars;
    this.running ??= this.run();
  }

  /** Takes nothing more; resolves when all that was taken is settled. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      // Answers to one batch make callers append again in the same turn: waiting for its end puts them into one batch.
      await new Promise((resolve) => setImmediate(resolve));
      await this.store(this.takeBatch());
    }
    this.running = undefined;
  }

  private takeBatch(): PendingAppend[] {
    let count = 0;
    let chars = 0;
    for (const append of this.waiting) {
      if (count > 0 && (count === BATCH_APPENDS_MAX || chars + append.chars > BATCH_CHARS_MAX)) break;
      count += 1;
      chars += append.chars;
    }
    const batch = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    this.waitingChars -= chars;
    return batch;
  }
}
