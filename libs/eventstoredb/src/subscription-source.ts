import { Position } from '@app/event-sourcing';
import {
  AllStreamResolvedEvent,
  AllStreamSubscription,
  EventStoreDBClient,
  excludeSystemEvents,
  Position as LogPosition,
} from '@eventstore/db-client';
import { sleep } from './backoff';
import { release } from './release';
import { comparePositions, toLogPosition, toPosition } from './positions';

/** Events the client may hold ready; beyond that it stops reading from the connection. */
const BUFFER_EVENTS = 1_024;

/** The server reports its position after this many events that the filter left out, so that a restart does not pass them again. */
const CHECKPOINT_EVENTS = 1_024;

/**
 * One subscription call, pulled: nothing is taken from the connection that the consumer has not asked for, and nothing happens in
 * event handlers but taking notes, so events keep their order and an error of the consumer stays with the consumer.
 */
export class SubscriptionSource {
  private readonly subscription: AllStreamSubscription;
  private failure: Error | undefined;
  private ended = false;
  private news = false;
  private wake: (() => void) | undefined;
  private checkpoint: Position | undefined;
  private caughtUp = false;

  constructor(client: EventStoreDBClient, from: Position | 'start') {
    const filter = excludeSystemEvents({
      maxSearchWindow: CHECKPOINT_EVENTS,
      checkpointReached: (_subscription: unknown, position: LogPosition) => {
        this.checkpoint = toPosition(position);
        return Promise.resolve();
      },
    });
    const fromPosition = from === 'start' ? 'start' : toLogPosition(from);
    this.subscription = client.subscribeToAll({ fromPosition, filter }, { readableHighWaterMark: BUFFER_EVENTS } as object);
    this.subscription.on('readable', this.notify);
    this.subscription.on('caughtUp', () => {
      this.caughtUp = true;
      this.notify();
    });
    this.subscription.on('end', this.end);
    this.subscription.on('close', this.end);
    // Stays to the end: an error after the consumer has left must not become an uncaught exception.
    this.subscription.on('error', (error: Error) => {
      this.failure ??= error;
      this.notify();
    });
  }

  /** What is there, at most `countMax`, without waiting. */
  take(countMax: number): AllStreamResolvedEvent[] {
    const events: AllStreamResolvedEvent[] = [];
    while (events.length < countMax) {
      const event = this.subscription.read() as AllStreamResolvedEvent | null;
      if (event === null) break;
      events.push(event);
    }
    return events;
  }

  /** The server has said that it delivered all there was, and all of that was taken. */
  get isDrained(): boolean {
    return this.caughtUp && this.subscription.readableLength === 0;
  }

  /** For servers that do not say so themselves (before 23.10). */
  markCaughtUp(): void {
    this.caughtUp = true;
  }

  /** `position`, or the server's last checkpoint when that is further on. Only to be asked when nothing is left to take. */
  furthest(position: Position | 'start'): Position | 'start' {
    return this.checkpoint !== undefined && comparePositions(this.checkpoint, position) > 0 ? this.checkpoint : position;
  }

  /** True when the server closed the call in order; throws what broke it otherwise. */
  get hasEnded(): boolean {
    if (this.failure !== undefined) throw this.failure;
    return this.ended;
  }

  /** Waits until something may have changed: true, or false when `timeoutMs` passed in silence. Returns at once on abort. */
  async changed(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.news) {
      await sleep(timeoutMs, signal, (wake) => {
        this.wake = wake;
      });
      this.wake = undefined;
    }
    const { news } = this;
    this.news = false;
    return news;
  }

  close(): void {
    void release(this.subscription, () => this.subscription.unsubscribe());
  }

  private readonly notify = (): void => {
    this.news = true;
    this.wake?.();
  };

  private readonly end = (): void => {
    this.ended = true;
    this.notify();
  };
}
