import { OutgoingPosts, reasonOf } from '../shared/outgoing-posts';
import { WebhookFact } from './webhook';
import { readWebhookAnswer } from './webhook.answer';
import { WebhookNetworks } from './webhook.networks';

export const WEBHOOK_TIMEOUT_MS = 5_000;
/** As large as the largest message a device may send. */
export const WEBHOOK_ANSWER_BYTES_MAX = 96 * 1024;
/** Calls at one time; a webhook that hangs must not take every socket. */
const CALLS_MAX = 500;
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Asks the webhook of a custom allocation. Never rejects: what went wrong is part of the answer. */
export class WebhookClient {
  private calls = 0;
  private readonly posts: OutgoingPosts;

  constructor(networks: WebhookNetworks, timeoutMs = WEBHOOK_TIMEOUT_MS) {
    this.posts = new OutgoingPosts({ networks, timeoutMs, answerBytesMax: WEBHOOK_ANSWER_BYTES_MAX });
  }

  async call(url: string, body: string): Promise<WebhookFact> {
    const startedMs = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedMs);
    if (this.calls >= CALLS_MAX) {
      return { outcome: 'failed', status: null, durationMs: 0, reason: `${CALLS_MAX} calls to webhooks are under way` };
    }
    this.calls++;
    try {
      const { status, text } = await this.posts.post(url, body, HEADERS);
      const answer = readWebhookAnswer(status, text);
      return 'failure' in answer
        ? { outcome: 'failed', status: answer.status, durationMs: durationMs(), reason: answer.failure }
        : { outcome: 'answered', status, durationMs: durationMs(), ...answer };
    } catch (error) {
      return { outcome: 'failed', status: null, durationMs: durationMs(), reason: reasonOf(error) };
    } finally {
      this.calls--;
    }
  }
}
