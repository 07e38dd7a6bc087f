import { mkdtemp, rm } from 'node:fs/promises';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureAuthority } from '@app/platform';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * What goes wrong with one request: `lost-before`, the connection breaks before the hub has seen it; `lost-after`, it breaks after the
 * hub has done it; `silent`, nothing is ever answered; or an answer that the hub did not give.
 */
export type Fault =
  | 'lost-before'
  | 'lost-after'
  | 'silent'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

/** An HTTPS server on loopback in front of a handler, which does to the next requests what a test tells it. */
export class FaultyServer {
  /** `METHOD path`, without query, in the order of arrival. */
  readonly requests: string[] = [];
  private readonly faults: { readonly method: string | undefined; readonly fault: Fault }[] = [];

  private constructor(
    private readonly server: Server,
    readonly ca: string,
  ) {}

  static async start(hostNames: readonly string[], handler: Handler): Promise<FaultyServer> {
    const directory = await mkdtemp(join(tmpdir(), 'faulty-server-'));
    const tls = await ensureAuthority(directory, hostNames);
    await rm(directory, { recursive: true });
    const server = createServer({ cert: tls.cert, key: tls.key, keepAliveTimeout: 75_000 });
    const started = new FaultyServer(server, tls.ca);
    server.on('request', (request, response) => started.handle(request, response, handler));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The next requests meet these faults, one each; those after them none. */
  next(...faults: Fault[]): void {
    for (const fault of faults) this.faults.push({ method: undefined, fault });
  }

  /** The next request of this method meets the fault. */
  nextTo(method: string, fault: Fault): void {
    this.faults.push({ method, fault });
  }

  get faultsLeft(): number {
    return this.faults.length;
  }

  /** Forgets the requests so far and the faults not met. */
  clear(): void {
    this.requests.length = 0;
    this.faults.length = 0;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private handle(request: IncomingMessage, response: ServerResponse, handler: Handler): void {
    this.requests.push(`${request.method ?? ''} ${(request.url ?? '').replace(/\?.*$/, '')}`);
    const index = this.faults.findIndex(({ method }) => method === undefined || method === request.method);
    const fault = index < 0 ? undefined : this.faults.splice(index, 1)[0]?.fault;
    if (fault === undefined) {
      handler(request, response);
    } else if (fault === 'lost-before') {
      request.socket.destroy();
    } else if (fault === 'lost-after') {
      response.end = () => {
        request.socket.destroy();
        return response;
      };
      handler(request, response);
    } else if (fault !== 'silent') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body ?? '');
    }
  }
}
