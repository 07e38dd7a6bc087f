import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocketServer, createWebSocketStream } from 'ws';
import { ConnectionHandler, hostNameOf } from './device-connection';
import type { OnRefused } from './tls-server';

/** Where every IoT SDK opens its WebSocket (wire contract §2). */
const WEB_SOCKET_PATH = '/$iothub/websocket';
/** A message holds at most one frame of a device protocol with a payload of 96 KB. */
const MESSAGE_BYTES_MAX = 160 * 1024;
/** What a connection keeps of bytes that its protocol has not taken yet. */
const BUFFERED_BYTES_MAX = 64 * 1024;

/** Which protocol is spoken where: by the name a client called and the WebSocket subprotocol it asked for. */
export interface UpgradeRoute {
  /** `fallback` takes every name that no route of the listener claims. */
  readonly hostNames: readonly string[] | 'fallback';
  /** For example `mqtt`; compared without regard to case. */
  readonly protocol: string;
  readonly handle: ConnectionHandler;
}

export interface UpgradeDispatcherOptions {
  readonly upgrades: readonly UpgradeRoute[];
  /** Names that have routes of their own, so that `fallback` does not speak for them. */
  readonly claimedHostNames: ReadonlySet<string>;
  readonly onRefused: OnRefused;
}

/** Answers HTTP upgrades: the WebSocket handshake for what a route speaks, an HTTP error for everything else. */
export function upgradeDispatcher(
  options: UpgradeDispatcherOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const handlers = handlersByNameAndProtocol(options.upgrades);
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    // The client reads back one of the names it sent, as it wrote it.
    handleProtocols: (offered, request) => [...offered].find((name) => find(request, name) !== undefined) ?? false,
  });
  const find = (request: IncomingMessage, protocol: string): ConnectionHandler | undefined => {
    const hostName = calledName(request);
    const name = options.claimedHostNames.has(hostName) ? hostName : '';
    return handlers.get(`${name} ${protocol.toLowerCase()}`);
  };
  return (request, socket, head) => {
    // Until the handshake is over nobody else listens to what happens to the connection.
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const handler = offeredProtocols(request)
      .map((protocol) => find(request, protocol))
      .find((found) => found !== undefined);
    const tlsSocket = request.socket;
    const remoteAddress = tlsSocket.remoteAddress ?? '';
    if (!isWebSocketPath(request.url) || handler === undefined || !(tlsSocket instanceof TLSSocket)) {
      options.onRefused({ reason: 'upgrade', remoteAddress, detail: 'no such path or WebSocket subprotocol under this name' });
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', onError);
      const stream = createWebSocketStream(webSocket, { highWaterMark: BUFFERED_BYTES_MAX });
      handler({ stream, socket: tlsSocket, hostName: calledName(request), remoteAddress, door: 'websocket' });
    });
  };
}

function handlersByNameAndProtocol(upgrades: readonly UpgradeRoute[]): ReadonlyMap<string, ConnectionHandler> {
  const handlers = new Map<string, ConnectionHandler>();
  for (const { hostNames, protocol, handle } of upgrades) {
    const names = hostNames === 'fallback' ? [''] : hostNames;
    for (const name of names) handlers.set(`${name.toLowerCase()} ${protocol.toLowerCase()}`, handle);
  }
  return handlers;
}

const calledName = (request: IncomingMessage): string => hostNameOf(request.headers.host);

function offeredProtocols(request: IncomingMessage): readonly string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
}

function isWebSocketPath(url: string | undefined): boolean {
  const path = (url ?? '').split('?', 1)[0] ?? '';
  return path.replace(/^\/%24/, '/$').toLowerCase() === WEB_SOCKET_PATH;
}
