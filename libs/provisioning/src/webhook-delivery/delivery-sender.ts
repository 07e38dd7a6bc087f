import { EventStore } from '@app/event-sourcing';
import { webhookUrlInClear } from '../enrollments/webhook-url';
import { CLOUD_EVENT_CONTENT_TYPE, cloudEvent } from '../feed/cloud-event';
import { OutgoingPosts, reasonOf } from '../shared/outgoing-posts';
import { SecretBox } from '../shared/secret-box';
import { Clock } from '../shared/tokens';
import { KnownWebhook } from '../webhooks/webhook.decider';
import { Delivery } from './deliveries.queries';
import { SIGNATURE_HEADER, signatureOf } from './signature';

/** How long a receiver has to answer. */
export const DELIVERY_TIMEOUT_MS = 10_000;
/** An answer is only looked at for its status. */
export const DELIVERY_ANSWER_BYTES_MAX = 64 * 1024;

export interface SendingFailure {
  /** Null where no answer came. */
  readonly status: number | null;
  /** One sentence, without the address. */
  readonly reason: string;
}

export interface DeliverySenderOptions {
  readonly store: EventStore;
  readonly posts: OutgoingPosts;
  readonly secrets: SecretBox;
  readonly now: Clock;
}

/** One attempt to deliver one event. */
export class DeliverySender {
  constructor(private readonly options: DeliverySenderOptions) {}

  /** Undefined when the receiver has taken it: it answered with a status from 200 to 299. Errors: those of the event store. */
  async send(webhook: KnownWebhook, { stream, revision, attempts }: Delivery): Promise<SendingFailure | undefined> {
    const { store, posts, secrets, now } = this.options;
    const slice = await store.readStream(stream, { fromRevision: revision, maxCount: 1 });
    const [event] = slice.events;
    if (event === undefined) throw new Error(`the event ${revision} of ${stream} is not in the log`);
    const body = JSON.stringify(cloudEvent(event));
    const headers = {
      'content-type': CLOUD_EVENT_CONTENT_TYPE,
      'rehome-webhook': webhook.name,
      'rehome-attempt': String(attempts + 1),
      [SIGNATURE_HEADER]: signatureOf(secrets.open(webhook.secret), body, now()),
    };
    try {
      const url = webhookUrlInClear({ webhookUrl: webhook.url, webhookQuery: webhook.urlQuery }, (secret) =>
        secrets.open(secret),
      );
      const { status } = await posts.post(url, body, headers);
      if (status >= 200 && status < 300) return undefined;
      return { status, reason: `the receiver answered with status ${status}` };
    } catch (error) {
      return { status: null, reason: reasonOf(error) };
    }
  }
}
