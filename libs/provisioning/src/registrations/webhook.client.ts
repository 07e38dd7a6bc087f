import { LookupAddress, lookup } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { LookupFunction, isIP } from 'node:net';
import { WebhookFact } from './webhook';
import { readWebhookAnswer } from './webhook.answer';
import { WebhookNetworks } from './webhook.networks';

export const WEBHOOK_TIMEOUT_MS = 5_000;
/** As large as the largest message a device may send. */
export const WEBHOOK_ANSWER_BYTES_MAX = 96 * 1024;
/** Calls at one time; a webhook that hangs must not take every socket. */
const CALLS_MAX = 500;

interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks the webhook of a custom allocation. Never rejects: what went wrong is part of the answer. No redirect is followed, and no
 * address is spoken to but those that `networks` permits; that is checked on the address connected to, not on a name looked up before.
 */
export class WebhookClient {
  private calls = 0;

  constructor(
    private readonly networks: WebhookNetworks,
    private readonly timeoutMs = WEBHOOK_TIMEOUT_MS,
  ) {}

  async call(url: string, body: string): Promise<WebhookFact> {
    const startedMs = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedMs);
    if (this.calls >= CALLS_MAX) {
      return { outcome: 'failed', status: null, durationMs: 0, reason: `${CALLS_MAX} calls to webhooks are under way` };
    }
    this.calls++;
    try {
      const { status, text } = await this.post(url, body);
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

  private post(url: string, body: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const target = new URL(url);
      const host = target.hostname.replace(/^\[|\]$/g, '');
      // Node looks nothing up where the host is an address already.
      if (isIP(host) !== 0 && !this.networks.permits(host)) throw new AddressRefused(host);
      const { request } = target.protocol === 'https:' ? https : http;
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        accept: 'application/json',
      };
      const signal = AbortSignal.timeout(this.timeoutMs);
      // A socket of its own: the rare call is not worth the doubt whether a kept one still lives.
      const call = request(target, { method: 'POST', agent: false, headers, lookup: this.guardedLookup, signal });
      const fail = (error: unknown): void => reject(signal.aborted ? new NoAnswerInTime(this.timeoutMs) : (error as Error));
      call.on('error', fail);
      call.on('response', (response) => {
        readBounded(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
      });
      call.end(body);
    });
  }

  /** What the socket is connected to comes from here, so that a name cannot point elsewhere between the check and the call. */
  private readonly guardedLookup: LookupFunction = (hostName, options, callback) => {
    lookup(hostName, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const permitted = addresses.filter(({ address }) => this.networks.permits(address));
      const [first] = permitted;
      if (first === undefined) callback(new AddressRefused(addresses[0]?.address ?? hostName), '', 0);
      else if (options.all === true) callback(null, permitted);
      else callback(null, first.address, first.family);
    });
  };
}

/** Whose message may be shown to an operator. */
class Unanswered extends Error {}

class AddressRefused extends Unanswered {
  constructor(address: string) {
    super(`${address} is a loopback, private or otherwise local address, which REHOME_WEBHOOK_ALLOW_NETWORKS does not allow`);
  }
}

class NoAnswerInTime extends Unanswered {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}

class AnswerTooLarge extends Unanswered {
  constructor() {
    super(`the answer is larger than ${WEBHOOK_ANSWER_BYTES_MAX} bytes`);
  }
}

async function readBounded(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > WEBHOOK_ANSWER_BYTES_MAX) {
      response.destroy();
      throw new AnswerTooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (error instanceof Unanswered) return error.message;
  // Messages of sockets may hold the address with its query; the code says enough.
  const code = (error as { code?: unknown } | null)?.code;
  return `the call failed: ${typeof code === 'string' ? code : 'the connection broke'}`;
}
