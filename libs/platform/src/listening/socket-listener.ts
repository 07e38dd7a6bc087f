import { createServer, TLSSocket } from 'node:tls';
import type { TlsMaterial } from '../tls/authority';
import { gate, GateOptions } from './connection-gate';
import { ConnectionHandler, hostNameOf } from './device-connection';
import { listen, OnRefused, reportRefusals, tlsServerOptions, trackSockets } from './tls-server';

/** Bounds of one TLS port; times in milliseconds. */
export const socketListenerLimits = {
  connectionsMax: 20_000,
  handshakeTimeoutMs: 10_000,
} as const;
export type SocketListenerLimits = { readonly [Limit in keyof typeof socketListenerLimits]: number };

export interface SocketListenerOptions {
  readonly tls: Pick<TlsMaterial, 'cert' | 'key'>;
  /** 0 takes any free port. */
  readonly port: number;
  /** The configuration variable that holds the port, for error messages. */
  readonly portVariable: string;
  /** IP address. */
  readonly address: string;
  /** By the name in the client's TLS handshake (SNI). */
  readonly routes: readonly { readonly hostNames: readonly string[]; readonly handle: ConnectionHandler }[];
  /** Takes every other name, and clients that name none; they are refused when it is left out. */
  readonly fallback?: ConnectionHandler | undefined;
  readonly limits?: Partial<SocketListenerLimits>;
  /** What stands before the handshake. */
  readonly gate?: Omit<GateOptions, 'onRefused'> | undefined;
  /** Connections that never became one: failed and endless handshakes, connections beyond the limit. */
  readonly onRefused?: OnRefused;
}

export interface SocketListener {
  readonly port: number;
  /** Takes no more connections and cuts those that are left; whoever handles them has ended them before. */
  close(): Promise<void>;
}

/** A TLS port for a protocol that is not HTTP. Errors: `ListenError`. */
export async function createSocketListener(options: SocketListenerOptions): Promise<SocketListener> {
  const limits = { ...socketListenerLimits, ...options.limits };
  const handlers = new Map<string, ConnectionHandler>();
  for (const { hostNames, handle } of options.routes) {
    for (const name of hostNames) handlers.set(name.toLowerCase(), handle);
  }
  // Protocols acknowledge and then answer: held back until the acknowledgement of the first, an answer would come 40 ms later.
  const server = createServer({ ...tlsServerOptions(options.tls, limits.handshakeTimeoutMs), noDelay: true });
  gate(server, { ...options.gate, onRefused: options.onRefused });
  server.maxConnections = limits.connectionsMax;
  const sockets = trackSockets(server);
  server.on('secureConnection', (socket: TLSSocket) => {
    const hostName = hostNameOf(serverNameOf(socket));
    const remoteAddress = socket.remoteAddress ?? '';
    const handle = handlers.get(hostName) ?? options.fallback;
    if (handle === undefined) {
      options.onRefused?.({ reason: 'unknown-name', remoteAddress });
      socket.destroy();
    } else handle({ stream: socket, socket, hostName, remoteAddress, door: 'tls' });
  });
  reportRefusals(server, options.onRefused);
  const port = await listen(server, options.port, options.address, options.portVariable);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Node gives `false` for a client that sent no name; its types leave the property of the server's side out. */
function serverNameOf(socket: TLSSocket): string | undefined {
  const { servername } = socket as { servername?: string | false };
  return typeof servername === 'string' ? servername : undefined;
}
