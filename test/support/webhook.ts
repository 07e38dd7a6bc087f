import { IncomingMessage, Server, ServerResponse, createServer } from 'node:http';
import { AddressInfo } from 'node:net';

export interface WebhookRequest {
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>> & {
    readonly deviceRuntimeContext: Readonly<Record<string, unknown>>;
    readonly linkedHubs: readonly string[];
  };
}

/** A webhook for custom allocation on this machine; `answer` says what it answers to the next calls. */
export class Webhook {
  readonly requests: WebhookRequest[] = [];
  answer: (request: WebhookRequest) => { readonly status?: number; readonly body?: unknown } = () => ({ status: 500 });

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () =>
        this.respond({ url: request.url ?? '', body: JSON.parse(text) as WebhookRequest['body'] }, response),
      );
    });
  }

  static async start(): Promise<Webhook> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Webhook(server);
  }

  /** With a key in its query, as the addresses of functions have it. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/allocate?code=a-secret-of-the-webhook`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private respond(request: WebhookRequest, response: ServerResponse): void {
    this.requests.push(request);
    const { status = 200, body = {} } = this.answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}
