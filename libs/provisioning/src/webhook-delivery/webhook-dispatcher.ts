import { setTimeout as sleep } from 'node:timers/promises';
import { Bell, Log, RecordedEvent } from '@app/event-sourcing';
import { feedFilter } from '../feed/feed-filter';
import { FeedTail } from '../feed/feed-tail';
import { ReadDatabase } from '../shared/read-database';
import { KnownWebhook } from '../webhooks/webhook.decider';
import { Claim, Delivery, claimWebhook, countWaiting, delivered, dueDeliveries, enqueue, failed } from './deliveries.queries';
import { DeliverySender, SendingFailure } from './delivery-sender';
import {
  FailureStreak,
  RetrySettings,
  afterFailure,
  isOutage,
  kindOfFailure,
  noFailures,
  pauseMs,
  retryAfterMs,
} from './retry.rules';

/** Events that wait for one webhook, dead letters included; while there are more, no further ones are read from the log. */
export const WAITING_MAX = 10_000;
/** Calls to one receiver at a time. */
const CALLS_MAX = 8;
/** Deliveries looked up at once. */
const LOOKAHEAD = 64;
const POLL_MS = 500;
/** How often the place in the log is written down when nothing passes the filters. */
const CURSOR_INTERVAL_MS = 1_000;

export interface DispatcherOptions {
  readonly database: ReadDatabase;
  readonly tail: FeedTail;
  readonly sender: DeliverySender;
  readonly retries: RetrySettings;
  readonly log: Log;
  readonly failpoint: (name: string) => void;
  /** From 0 to 1. */
  readonly draw: () => number;
  /** `WAITING_MAX` when absent. */
  readonly waitingMax?: number;
}

/**
 * Delivers for one webhook. What passes its filters goes from the log into a table, together with the place in the log; from there each
 * stream's events are sent one after the other, different streams side by side. So a device whose event fails holds up itself alone.
 */
export class WebhookDispatcher {
  private readonly bell = new Bell();
  private readonly ending = new AbortController();
  private readonly sending = new Map<string, Promise<void>>();
  private streak: FailureStreak = noFailures;
  private ready: Delivery[] = [];

  constructor(
    private readonly options: DispatcherOptions,
    private webhook: KnownWebhook,
  ) {}

  /** Its settings as they are now; what is on its way goes where it was sent. */
  update(webhook: KnownWebhook): void {
    this.webhook = webhook;
  }

  /** Until `signal` aborts or another process takes the webhook over. Errors: those of the database and the store. */
  async run(signal: AbortSignal): Promise<void> {
    const all = AbortSignal.any([signal, this.ending.signal]);
    const { webhookId, from } = this.webhook;
    const claim = await claimWebhook(this.options.database, webhookId, from);
    try {
      await Promise.all([this.read(claim, claim.position, all), this.send(claim, all)].map((part) => this.endingTogether(part)));
    } finally {
      await Promise.allSettled(this.sending.values());
    }
  }

  private async endingTogether(part: Promise<void>): Promise<void> {
    try {
      await part;
    } finally {
      this.ending.abort();
    }
  }

  private async read(claim: Claim, from: string, signal: AbortSignal): Promise<void> {
    const { tail, failpoint } = this.options;
    let writtenAtMs = performance.now();
    for await (const { events, position } of tail.read(from, signal)) {
      const wanted = events.filter(feedFilter(this.webhook.filters));
      if (wanted.length === 0 && performance.now() - writtenAtMs < CURSOR_INTERVAL_MS) continue;
      if (!(await this.take(claim, wanted, position, signal))) return;
      failpoint('webhook:enqueued');
      writtenAtMs = performance.now();
      this.bell.ring();
    }
  }

  /**
   * Into the table as there is room, with the place in the log up to which they are in it; what finds none stays in the log meanwhile.
   * False when the claim is lost or `signal` has aborted.
   */
  private async take(claim: Claim, wanted: readonly RecordedEvent[], end: string, signal: AbortSignal): Promise<boolean> {
    const { database, waitingMax = WAITING_MAX } = this.options;
    let rest = wanted;
    for (;;) {
      const room = Math.max(0, waitingMax - (await countWaiting(database, claim.webhookId)));
      const next = rest.slice(0, room);
      rest = rest.slice(next.length);
      const last = next.at(-1);
      if (rest.length === 0) return enqueue(database, claim, next, end);
      if (last !== undefined && !(await enqueue(database, claim, next, last.position))) return false;
      this.bell.ring();
      if (!(await pause(POLL_MS, signal))) return false;
    }
  }

  private async send(claim: Claim, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { rings } = this.bell;
      const isAway = isOutage(this.streak);
      const free = (isAway ? 1 : CALLS_MAX) - this.sending.size;
      if (free > 0 && this.ready.length === 0) await this.lookUp(claim);
      const next = free > 0 ? this.ready.splice(0, free) : [];
      for (const delivery of next) this.begin(claim, delivery, signal);
      if (next.length === 0 || this.sending.size >= CALLS_MAX || isAway) await this.bell.after(rings, POLL_MS, signal);
    }
  }

  private async lookUp({ webhookId }: Claim): Promise<void> {
    this.ready = await dueDeliveries(this.options.database, webhookId, [...this.sending.keys()], LOOKAHEAD);
  }

  private begin(claim: Claim, delivery: Delivery, signal: AbortSignal): void {
    const work = this.deliver(claim, delivery, signal)
      .catch((err: unknown) => {
        this.options.log.warn({ err, webhook: this.webhook.name }, 'a delivery could not be carried out');
        // Begun again from what the tables say.
        this.ending.abort();
      })
      .finally(() => {
        this.sending.delete(delivery.orderKey);
        this.bell.ring();
      });
    this.sending.set(delivery.orderKey, work);
  }

  private async deliver(claim: Claim, delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { database, sender, failpoint } = this.options;
    const isProbe = isOutage(this.streak);
    const failure = await sender.send(this.webhook, delivery);
    failpoint('webhook:sent');
    const isMine =
      failure === undefined
        ? await delivered(database, claim, delivery.ordinal)
        : await this.note(claim, delivery, { ...failure, isProbe }, signal);
    if (failure === undefined) this.streak = noFailures;
    if (!isMine) this.ending.abort();
  }

  private async note(
    claim: Claim,
    delivery: Delivery,
    failure: SendingFailure & { readonly isProbe: boolean },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { database, retries, log, draw } = this.options;
    const { ordinal, orderKey, stream } = delivery;
    const isAway = kindOfFailure(failure.status) === 'away';
    this.streak = isAway ? afterFailure(this.streak, orderKey, failure.isProbe) : noFailures;
    const outage = isOutage(this.streak);
    const attempts = outage ? delivery.attempts : delivery.attempts + 1;
    const retryMs = outage ? pauseMs(this.streak.probes, retries.firstRetryMs, draw()) : retryAfterMs(attempts, retries, draw());
    const { reason } = failure;
    if (retryMs === null) log.warn({ webhook: this.webhook.name, stream, reason }, 'an event became a dead letter');
    const isMine = await failed(database, claim, { ordinal, attempts, retryMs, error: reason });
    // The place is kept meanwhile: one delivery at a time finds out whether the receiver is back.
    if (outage && retryMs !== null) await pause(retryMs, signal);
    return isMine;
  }
}

/** False when `signal` has aborted. */
async function pause(timeMs: number, signal: AbortSignal): Promise<boolean> {
  await sleep(timeMs, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
