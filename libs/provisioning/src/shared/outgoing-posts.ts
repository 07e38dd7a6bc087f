import { LookupAddress, lookup } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { LookupFunction, isIP } from 'node:net';

export interface OutgoingAnswer {
  readonly status: number;
  readonly text: string;
}

/** Which addresses may be spoken to. */
export interface PermittedNetworks {
  permits(address: string): boolean;
}

export interface OutgoingPostsOptions {
  readonly networks: PermittedNetworks;
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
}

/**
 * POSTs to addresses that an operator has named. No redirect is followed, and no address is spoken to but those that `networks` permits;
 * that is checked on the address connected to, not on a name looked up before.
 */
export class OutgoingPosts {
  constructor(private readonly options: OutgoingPostsOptions) {}

  /** Rejects where no answer came; `reasonOf` says why without repeating the address. */
  post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<OutgoingAnswer> {
    return new Promise((resolve, reject) => {
      const { networks, timeoutMs } = this.options;
      const target = new URL(url);
      const host = target.hostname.replace(/^\[|\]$/g, '');
      // Node looks nothing up where the host is an address already.
      if (isIP(host) !== 0 && !networks.permits(host)) throw new AddressRefused(host);
      const { request } = target.protocol === 'https:' ? https : http;
      const signal = AbortSignal.timeout(timeoutMs);
      // A socket of its own: the rare call is not worth the doubt whether a kept one still lives.
      const call = request(target, {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: this.guardedLookup,
        signal,
      });
      const fail = (error: unknown): void => reject(signal.aborted ? new NoAnswerInTime(timeoutMs) : (error as Error));
      call.on('error', fail);
      call.on('response', (response) => {
        this.readBounded(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
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
      const permitted = addresses.filter(({ address }) => this.options.networks.permits(address));
      const [first] = permitted;
      if (first === undefined) callback(new AddressRefused(addresses[0]?.address ?? hostName), '', 0);
      else if (options.all === true) callback(null, permitted);
      else callback(null, first.address, first.family);
    });
  };

  private async readBounded(response: http.IncomingMessage): Promise<string> {
    const { answerBytesMax } = this.options;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > answerBytesMax) {
        response.destroy();
        throw new AnswerTooLarge(answerBytesMax);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
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
  constructor(bytesMax: number) {
    super(`the answer is larger than ${bytesMax} bytes`);
  }
}

/** Why a call had no answer, for an operator. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unanswered) return error.message;
  // Messages of sockets may hold the address with its query; the code says enough.
  const code = (error as { code?: unknown } | null)?.code;
  return `the call failed: ${typeof code === 'string' ? code : 'the connection broke'}`;
}
