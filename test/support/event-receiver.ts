import { createHmac, timingSafeEqual } from 'node:crypto';
import { IncomingMessage, Server, ServerResponse, createServer } from 'node:http';
import { AddressInfo } from 'node:net';

export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly stream: string;
  readonly revision: string;
  readonly position: string;
  /** Name of the webhook. */
  readonly webhook: string;
  readonly attempt: number;
  readonly isSigned: boolean;
  readonly url: string;
}

/** A receiver of webhooks on this machine that can go away, and come back at the same port. */
export class EventReceiver {
  /** Everything that was answered with success, in the order of the answers. */
  readonly taken: ReceivedEvent[] = [];
  readonly refused: ReceivedEvent[] = [];
  /** The status that an event is answered with; undefined leaves the call without an answer. */
  answer: (event: ReceivedEvent) => number | undefined = () => 204;
  private server: Server | undefined;
  private port = 0;

  constructor(readonly secret: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}/events?code=a-key-of-the-receiver`;
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => this.receive(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** As a crash: calls under way get no answer. */
  async crash(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const event = this.read(request, body);
      const status = this.answer(event);
      if (status === undefined) return;
      (status < 300 ? this.taken : this.refused).push(event);
      response.writeHead(status, status < 300 || status >= 400 ? {} : { location: '/elsewhere' }).end();
    });
  }

  private read(request: IncomingMessage, body: string): ReceivedEvent {
    const event = JSON.parse(body) as Omit<ReceivedEvent, 'attempt' | 'isSigned' | 'url' | 'webhook'>;
    const webhook = String(request.headers['rehome-webhook']);
    const attempt = Number(request.headers['rehome-attempt']);
    const isSigned = this.isSigned(String(request.headers['rehome-signature']), body);
    return { ...event, webhook, attempt, isSigned, url: request.url ?? '' };
  }

  /** As docs/reference/webhooks.md tells receivers to check it. */
  private isSigned(header: string, body: string): boolean {
    const [, seconds = '', hexadecimal = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const expected = createHmac('sha256', this.secret).update(`${seconds}.${body}`).digest();
    const isRecent = Math.abs(Date.now() / 1_000 - Number(seconds)) < 300;
    return isRecent && hexadecimal !== '' && timingSafeEqual(Buffer.from(hexadecimal, 'hex'), expected);
  }
}

/** Streams whose events did not first arrive in the order of their revisions. */
export function outOfOrder(taken: readonly ReceivedEvent[]): string[] {
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  const wrong = new Set<string>();
  for (const { id, stream, revision } of taken) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (Number(revision) < (newest.get(stream) ?? -1)) wrong.add(stream);
    newest.set(stream, Number(revision));
  }
  return [...wrong];
}
