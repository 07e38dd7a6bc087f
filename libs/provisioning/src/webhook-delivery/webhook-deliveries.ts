import { setTimeout as sleep } from 'node:timers/promises';
import { EventStore } from '@app/event-sourcing';
import { FeedTail } from '../feed/feed-tail';
import { KnownWebhook } from '../webhooks/webhook.decider';
import { WebhookStore } from '../webhooks/webhook.store';
import { forgetOtherWebhooks } from './deliveries.queries';
import { DispatcherOptions, WebhookDispatcher } from './webhook-dispatcher';

/** How soon a change of the webhooks is seen, and a dispatcher that failed is begun again. */
const LOOK_INTERVAL_MS = 500;

export interface WebhookDeliveriesOptions extends Omit<DispatcherOptions, 'tail'> {
  readonly store: EventStore;
  readonly webhooks: WebhookStore;
}

interface Running {
  readonly dispatcher: WebhookDispatcher;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Delivers for all webhooks of this instance: to be run by one process at a time, who is chosen by a lock. */
export class WebhookDeliveries {
  private readonly running = new Map<string, Running>();

  constructor(private readonly options: WebhookDeliveriesOptions) {}

  /** Until `signal` aborts; what is on its way then is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, log } = this.options;
    const tail = new FeedTail(store, signal, log);
    while (!signal.aborted) {
      try {
        await this.look(tail, signal);
      } catch (err) {
        log.warn({ err }, 'the webhooks could not be read');
      }
      await sleep(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  private async look(tail: FeedTail, signal: AbortSignal): Promise<void> {
    const { database, webhooks } = this.options;
    const wanted = new Map([...(await webhooks.read()).values()].map((webhook) => [webhook.webhookId, webhook]));
    for (const [webhookId, { stop }] of this.running) if (!wanted.has(webhookId)) stop.abort();
    await forgetOtherWebhooks(database, [...wanted.keys()]);
    for (const webhook of wanted.values()) {
      const running = this.running.get(webhook.webhookId);
      if (running === undefined) this.begin(webhook, tail, signal);
      else running.dispatcher.update(webhook);
    }
  }

  private begin(webhook: KnownWebhook, tail: FeedTail, signal: AbortSignal): void {
    const { log } = this.options;
    const { webhookId, name } = webhook;
    const stop = new AbortController();
    const dispatcher = new WebhookDispatcher({ ...this.options, tail }, webhook);
    const ended = dispatcher
      .run(AbortSignal.any([signal, stop.signal]))
      .catch((err: unknown) => log.warn({ err, webhook: name }, 'deliveries of a webhook were interrupted'))
      .finally(() => this.running.delete(webhookId));
    this.running.set(webhookId, { dispatcher, stop, ended });
  }
}
