import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/** A device's connection as a listener hands it over: TLS and, where there is one, the WebSocket handshake are done. */
export interface MqttTransport {
  readonly stream: Duplex;
  /** The TLS connection under it. */
  readonly socket: Socket;
  /** The name that the client called; empty when it named none. */
  readonly hostName: string;
  readonly remoteAddress: string;
}

export interface MqttConnect {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: string | undefined;
  readonly transport: MqttTransport;
}

/** CONNACK codes of MQTT 3.1.1. */
export const connackCodes = {
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const;
export type ConnackCode = (typeof connackCodes)[keyof typeof connackCodes];

export type ConnectVerdict<Session> =
  | { readonly session: Session }
  | {
      readonly code: ConnackCode;
      readonly reason: 'client-id' | 'user-name' | 'credentials' | 'unavailable';
      /** For the log. */
      readonly detail: string;
    };

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
}

/** One device that has been let in. */
export interface MqttConnection<Session> {
  readonly clientId: string;
  readonly session: Session;
  /**
   * Sends to this connection alone, if it has subscribed to the filter that the topic falls under, with QoS 1 at most; false when it
   * has not, or is gone.
   */
  send(filter: string, topic: string, payload: string | Buffer): boolean;
  /** In good order from the service's side: MQTT 3.1.1 has no word for why. */
  close(): void;
}

/** What is spoken over MQTT at one end point: who is let in, which topics there are, and what is done about messages. */
export interface MqttApplication<Session> {
  /** Called once a connection; must not reject. */
  connect(request: MqttConnect): Promise<ConnectVerdict<Session>>;
  /** A filter that is not allowed is answered with the failure code; the connection stays. */
  maySubscribe(session: Session, filter: string): boolean;
  /** A topic that is not allowed ends the connection. */
  mayPublish(session: Session, topic: string): boolean;
  /** Called after a message has been acknowledged; must not reject. Messages of one connection may overlap, up to a limit. */
  received(connection: MqttConnection<Session>, message: MqttMessage): Promise<void>;
  /** A device is there; one with the same client id has been displaced before. */
  opened?(connection: MqttConnection<Session>): void;
  closed?(connection: MqttConnection<Session>): void;
}
