import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** How a connection came in: a TLS port of its own, or an upgrade on the HTTPS listener. */
export type Door = 'tls' | 'websocket';

/** A device's connection after TLS and, where there is one, the WebSocket handshake; nothing of its protocol has been read. */
export interface DeviceConnection {
  /** The bytes of the protocol. */
  readonly stream: Duplex;
  /** The TLS connection under it, for the certificates that the client presented. */
  readonly socket: TLSSocket;
  /** The name the client called, in lower case: of the Host header, or else of the TLS handshake; empty when it named none. */
  readonly hostName: string;
  readonly remoteAddress: string;
  readonly door: Door;
}

/** Owns the connection from the call on, its errors and its end included. */
export type ConnectionHandler = (connection: DeviceConnection) => void;

/** The name of a Host header in lower case, without port; brackets of an IPv6 address stay. */
export function hostNameOf(host: string | undefined): string {
  return (host ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}
