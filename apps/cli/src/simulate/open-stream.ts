import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import { SecureContext, connect } from 'node:tls';
import { WebSocket, createWebSocketStream } from 'ws';
import { lookup } from '../connection/loopback';
import { unreachable } from '../connection/unreachable';
import { ANSWER_TIMEOUT_MS } from './answers';

const WEBSOCKET_PATH = '/$iothub/websocket';

export interface Door {
  readonly host: string;
  readonly port: number;
  readonly secureContext: SecureContext;
  /** Over a WebSocket that speaks it, instead of over TLS alone. */
  readonly subprotocol: 'mqtt' | 'AMQPWSB10' | undefined;
}

/** Resolves with a connection that is open. Error: why there is none, in words. */
export function openStream(door: Door): Promise<Duplex> {
  return door.subprotocol === undefined ? overTls(door) : overWebSocket(door, door.subprotocol);
}

const silence = (): Error => new Error(`no answer for ${ANSWER_TIMEOUT_MS / 1_000} s`);
const wordsOf = ({ host, port }: Door, error: Error): Error => new Error(unreachable(`${host}:${port}`, error));

function overTls(door: Door): Promise<Duplex> {
  const { host, port, secureContext } = door;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup, secureContext, servername: isIP(host) === 0 ? host : '' });
    const failed = (error: Error): void => reject(wordsOf(door, error));
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(silence()));
    socket.once('error', failed).once('secureConnect', () => {
      socket.setTimeout(0).off('error', failed);
      resolve(socket);
    });
  });
}

function overWebSocket(door: Door, subprotocol: string): Promise<Duplex> {
  const { host, port, secureContext } = door;
  const tls = { lookup, secureContext };
  return new Promise((resolve, reject) => {
    const url = `wss://${host}:${port}${WEBSOCKET_PATH}`;
    const socket = new WebSocket(url, [subprotocol], { ...tls, handshakeTimeout: ANSWER_TIMEOUT_MS, perMessageDeflate: false });
    const failed = (error: Error): void => reject(wordsOf(door, error));
    socket.once('error', failed).once('open', () => {
      socket.off('error', failed);
      resolve(createWebSocketStream(socket));
    });
  });
}
