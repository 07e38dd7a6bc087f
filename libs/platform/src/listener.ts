import { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { gate, GateOptions } from './listening/connection-gate';
import { hostNameOf } from './listening/device-connection';
import { listen, OnRefused, reportRefusals, tlsServerOptions, trackSockets } from './listening/tls-server';
import { UpgradeRoute, upgradeDispatcher } from './listening/web-socket-upgrades';
import type { TlsMaterial } from './tls/authority';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ListenerRoute {
  readonly hostNames: readonly string[];
  readonly handler: RequestHandler;
}

/** Bounds of one listener; times in milliseconds, sizes in bytes. */
export const listenerLimits = {
  connectionsMax: 20_000,
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
  /** Device protocols over WebSocket; none when left out. */
  readonly upgrades?: readonly UpgradeRoute[];
  readonly limits?: Partial<ListenerLimits>;
  /** What stands before the handshake. */
  readonly gate?: Omit<GateOptions, 'onRefused'> | undefined;
  /** Handshakes that failed, connections beyond the limit, upgrades to what is not spoken here. */
  readonly onRefused?: OnRefused;
}

export interface Listener {
  readonly port: number;
  /**
   * Takes no more connections, lets requests in progress finish, and cuts what is left after the drain time. Upgraded connections
   * are cut at once: whoever handles them has ended them before.
   */
  close(): Promise<void>;
}

/**
 * The one HTTPS listener: devices, operators and reference hubs come in here and are told apart by the Host header; device
 * protocols over WebSocket by the Host header and the subprotocol.
 *
 * Errors: `ListenError`.
 */
export async function createListener(options: ListenerOptions): Promise<Listener> {
  const limits = { ...listenerLimits, ...options.limits };
  const server = createServer(
    {
      ...tlsServerOptions(options.tls, limits.handshakeTimeoutMs),
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
    },
    dispatcher(options.routes, options.fallback),
  );
  gate(server, { ...options.gate, onRefused: options.onRefused });
  server.maxConnections = limits.connectionsMax;
  const sockets = trackSockets(server);
  const upgraded = acceptUpgrades(server, options);
  reportRefusals(server, options.onRefused);
  const port = await listen(server, options.port, options.address, 'REHOME_HTTPS_PORT');
  return {
    port,
    close: () => {
      const drained = drain(server, sockets, limits.drainTimeoutMs);
      for (const socket of upgraded) socket.destroy();
      return drained;
    },
  };
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

/** Gives the connections that are no longer HTTP. Without upgrades, node answers such requests as if they asked for none. */
function acceptUpgrades(server: Server, { routes, upgrades = [], onRefused }: ListenerOptions): ReadonlySet<Duplex> {
  const upgraded = new Set<Duplex>();
  if (upgrades.length === 0) return upgraded;
  const named = upgrades.flatMap(({ hostNames }) => (hostNames === 'fallback' ? [] : hostNames));
  const claimed = [...routes.flatMap(({ hostNames }) => hostNames), ...named];
  const dispatch = upgradeDispatcher({
    upgrades,
    claimedHostNames: new Set(claimed.map((name) => name.toLowerCase())),
    onRefused: onRefused ?? (() => undefined),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    dispatch(request, socket, head);
  });
  return upgraded;
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
