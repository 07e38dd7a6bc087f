import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Networks, plainAddress } from '@app/provisioning/shared/networks';
import type { ConnectionLedger } from './connection-ledger';
import { parseProxyHeader } from './proxy-header';
import type { OnRefused } from './tls-server';

/** How long a proxy may take to say whose connection it is; it has all it needs when it connects. */
export const PROXY_HEADER_TIMEOUT_MS = 3_000;

export interface GateOptions {
  /** Counts connections of all ports; none are refused for their number when left out. */
  readonly ledger?: ConnectionLedger | undefined;
  /** Peers that begin each connection with a PROXY header, and must; nobody else is asked for one. */
  readonly proxies?: Networks | undefined;
  readonly onRefused?: OnRefused | undefined;
  readonly proxyHeaderTimeoutMs?: number | undefined;
}

/** Addresses of the proxies that the connections really came from, where a PROXY header named another. */
const peers = new WeakMap<Socket, string>();

/** The address of the other end of the TCP connection, which `remoteAddress` is only where no proxy spoke for a client. */
export function peerAddressOf(socket: Socket): string {
  return peers.get(socket) ?? socket.remoteAddress ?? '';
}

/**
 * Stands before the TLS handshake of a server that was just created: reads PROXY headers, and counts connections by the address of
 * the client. From then on `remoteAddress` of a connection is the client's, also after TLS.
 */
export function gate(server: Server, options: GateOptions): void {
  const { ledger, proxies, onRefused = () => undefined } = options;
  const forwarded = new Map<string, string>();
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const admit = (socket: Socket): void => {
    const refusal = ledger?.enter(socket);
    if (refusal === undefined) for (const listener of listeners) listener.call(server, socket);
    else {
      onRefused({ reason: refusal, remoteAddress: socket.remoteAddress ?? '' });
      socket.destroy();
    }
  };
  server.on('connection', (socket: Socket) => {
    // A client that is gone already has no address, and nothing to be heard.
    const peer = socket.remoteAddress;
    if (proxies === undefined || peer === undefined || !proxies.has(peer)) {
      admit(socket);
      return;
    }
    readHeader(socket, options, (address) => {
      if (address !== undefined) {
        const key = endsOf(socket);
        forwarded.set(key, address);
        socket.once('close', () => forwarded.delete(key));
        rename(socket, address, peer);
      }
      admit(socket);
    });
  });
  if (proxies === undefined) return;
  const renameTls = (socket: TLSSocket): void => {
    const address = forwarded.get(endsOf(socket));
    if (address !== undefined) rename(socket, address, socket.remoteAddress ?? '');
  };
  server.prependListener('secureConnection', renameTls);
  server.prependListener('tlsClientError', (_error: Error, socket: TLSSocket) => renameTls(socket));
}

/** Both ends of a TCP connection, which the plain socket and the TLS socket on it share, and no other connection has. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}

function rename(socket: Socket, address: string, peer: string): void {
  peers.set(socket, peer);
  Object.defineProperty(socket, 'remoteAddress', { value: address, configurable: true });
}

/** Takes exactly the header off the connection; `done` gets the client's address, undefined where the proxy speaks for itself. */
function readHeader(socket: Socket, options: GateOptions, done: (address: string | undefined) => void): void {
  const { onRefused, proxyHeaderTimeoutMs = PROXY_HEADER_TIMEOUT_MS } = options;
  let read = Buffer.alloc(0);
  const leave = (): void => {
    clearTimeout(timer);
    socket.off('readable', onReadable).off('error', onEnd).off('close', onEnd);
  };
  const refuse = (detail: string): void => {
    leave();
    onRefused?.({ reason: 'proxy-header', remoteAddress: socket.remoteAddress ?? '', detail });
    socket.on('error', () => undefined).destroy();
  };
  const onEnd = (): void => refuse('the connection ended before its PROXY header');
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    read = Buffer.concat([read, chunk]);
    const header = parseProxyHeader(read);
    if (header.kind === 'incomplete') return;
    if (header.kind === 'malformed') {
      refuse(header.detail);
      return;
    }
    leave();
    const rest = read.subarray(header.lengthBytes);
    if (rest.length > 0) socket.unshift(rest);
    done(header.address === undefined ? undefined : plainAddress(header.address));
  };
  const timer = setTimeout(() => refuse('no PROXY header in time'), proxyHeaderTimeoutMs);
  socket.on('readable', onReadable).on('error', onEnd).on('close', onEnd);
}
