import { constants } from 'node:crypto';
import type { AddressInfo, DropArgument, Server, Socket } from 'node:net';
import type { Server as TlsServer, TlsOptions } from 'node:tls';
import type { TlsMaterial } from '../tls/authority';

/** The port cannot be had; `message` is one line for a person. */
export class ListenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
  }
}

/**
 * What every TLS port of the service has in common. It asks for a client certificate and accepts any or none, because the
 * application judges it. Sessions are never resumed: a resumed session does not bring the certificate chain again.
 */
export function tlsServerOptions(tls: Pick<TlsMaterial, 'cert' | 'key'>, handshakeTimeoutMs: number): TlsOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  };
}

/** A connection that was not let in; `reason` is a word of a fixed set, `detail` is for a person. */
export interface DoorRefusal {
  readonly reason: 'handshake' | 'proxy-header' | 'too-many-connections' | 'too-many-from-address' | 'upgrade' | 'unknown-name';
  readonly remoteAddress: string;
  readonly detail?: string;
}

export type OnRefused = (refusal: DoorRefusal) => void;

/** Handshakes that fail or never end, and connections beyond the limit; node leaves a socket open whose handshake took too long. */
export function reportRefusals(server: TlsServer, onRefused: OnRefused = () => undefined): void {
  server.on('tlsClientError', (error, socket) => {
    onRefused({ reason: 'handshake', remoteAddress: socket.remoteAddress ?? '', detail: error.message });
    socket.destroy();
  });
  server.on('drop', (connection?: DropArgument) =>
    onRefused({ reason: 'too-many-connections', remoteAddress: connection?.remoteAddress ?? '' }),
  );
}

/** Every TCP connection, those still in their TLS handshake included, which node's own list leaves out. */
export function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Gives the port. Errors: `ListenError`, which names the variable that an operator would change. */
export function listen(server: Server, port: number, address: string, portVariable: string): Promise<number> {
  const reasons: Partial<Record<string, string>> = {
    EADDRINUSE: `another program listens there; set ${portVariable} to another port, or 0 for any free one`,
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
      resolve((server.address() as AddressInfo).port);
    });
  });
}
