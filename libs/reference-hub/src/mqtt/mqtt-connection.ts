import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** A connection that speaks MQTT from its first byte on, after TLS and, where there is one, the WebSocket handshake. */
export interface MqttConnection {
  readonly stream: Duplex;
  /** The TLS connection under it, for the client certificate. */
  readonly socket: TLSSocket;
  /** The name that the client called. */
  readonly hostName: string;
  readonly remoteAddress: string;
}

/** Why a device was not let in or was sent away: `reason` is a word of a fixed set, `detail` says more to a person. */
export interface MqttRefusal {
  readonly protocol: 'hub-mqtt';
  readonly reason: string;
  readonly remoteAddress: string;
  readonly detail?: string;
}

export type OnRefused = (refusal: MqttRefusal) => void;

/** SHA-1 and SHA-256 in lower-case hexadecimal; undefined when the client has shown no certificate. */
export function fingerprintsOf(socket: TLSSocket): readonly string[] | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { fingerprint, fingerprint256 } = certificate;
  return [fingerprint, fingerprint256].map((print) => print.replaceAll(':', '').toLowerCase());
}
