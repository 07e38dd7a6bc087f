import { constants } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import { AddressInfo, Socket } from 'node:net';
import type { TlsMaterial } from './tls/authority';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ListenerRoute {
  readonly hostNames: readonly string[];
  readonly handler: RequestHandler;
}

/** Bounds of one listener; times in milliseconds, sizes in bytes. */
export const listenerLimits = {
  connectionsMax: 10_000,
  headerBytesMax: 16_384,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  /** Longer than the pools of the SDK clients keep a connection, so that the client, not the server, ends it. */
  keepAliveTimeoutMs: 75_000,
  /** What requests in progress get when the listener closes. */
  drainTimeoutMs: 8_000,
} as const;
export type ListenerLimits = { readonly [Limit in keyof typeof listenerLimits]: number };

/** How often connections that have become idle are ended during a drain. */
const DRAIN_SWEEP_MS = 25;

export interface ListenerOptions {
  readonly tls: Pick<TlsMaterial, 'cert' | 'key'>;
  /** 0 takes any free port. */
  readonly port: number;
  /** IP address. */
  readonly address: string;
  readonly routes: readonly ListenerRoute[];
  /** Answers every host name that no route claims. */
  readonly fallback: RequestHandler;
  readonly limits?: Partial<ListenerLimits>;
}

export interface Listener {
  readonly port: number;
  /** Takes no more connections, lets requests in progress finish, and cuts what is left after the drain time. */
  close(): Promise<void>;
}

/** The port cannot be had; `message` is one line for a person. */
export class ListenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
  }
}

/**
 * The one TLS listener: devices, operators and reference hubs come in here and are told apart by the Host header. It asks for a
 * client certificate and accepts any or none, because the application judges it. Sessions are never resumed: a resumed session
 * does not bring the certificate chain again.
 *
 * Errors: `ListenError`.
 */
export async function createListener(options: ListenerOptions): Promise<Listener> {
  const limits = { ...listenerLimits, ...options.limits };
  const server = createServer(
    {
      cert: options.tls.cert,
      key: options.tls.key,
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
    },
    dispatcher(options.routes, options.fallback),
  );
  server.maxConnections = limits.connectionsMax;
  const sockets = trackSockets(server);
  await listen(server, options.port, options.address);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => drain(server, sockets, limits.drainTimeoutMs),
  };
}

/** Every TCP connection, those still in their TLS handshake included, which node's own list leaves out. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function dispatcher(routes: readonly ListenerRoute[], fallback: RequestHandler): RequestHandler {
  const handlers = new Map<string, RequestHandler>();
  for (const { hostNames, handler } of routes) {
    for (const name of hostNames) handlers.set(name.toLowerCase(), handler);
  }
  return (request, response) => {
    const handler = handlers.get(hostNameOf(request.headers.host)) ?? fallback;
    handler(request, response);
  };
}

/** The name of a Host header in lower case, without port; brackets of an IPv6 address stay. */
export function hostNameOf(host: string | undefined): string {
  return (host ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

function listen(server: Server, port: number, address: string): Promise<void> {
  const reasons: Partial<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; set REHOME_HTTPS_PORT to another port, or 0 for any free one',
    EACCES: 'permission denied; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE',
    EADDRNOTAVAIL: 'this machine does not have that address; see REHOME_LISTEN_ADDRESS',
  };
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const reason = reasons[error.code ?? ''] ?? error.message;
      reject(new ListenError(`cannot listen on ${address} port ${port}: ${reason}`, { cause: error }));
    };
    server.once('error', onError);
    server.listen(port, address, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function drain(server: Server, sockets: ReadonlySet<Socket>, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    // Node ends idle connections once, at close; those that finish a request later stay open without this.
    const sweep = setInterval(() => server.closeIdleConnections(), DRAIN_SWEEP_MS);
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, timeoutMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
  });
}
