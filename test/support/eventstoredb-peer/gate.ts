import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * A TCP relay in front of a member, so that a test can cut connections or let them go silent as a network does, which a gRPC server
 * cannot do to itself.
 */
export class Gate {
  private readonly sockets = new Set<Socket>();
  private isSilent = false;
  private isShut = false;
  private targetPort: number | undefined;
  readonly host = LOOPBACK;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(): Promise<Gate> {
    const server = createServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, LOOPBACK, () => resolve((server.address() as AddressInfo).port));
    });
    const gate = new Gate(server, port);
    server.on('connection', (client) => gate.relay(client));
    return gate;
  }

  /** Nothing gets through before. */
  relayTo(targetPort: number): void {
    this.targetPort = targetPort;
  }

  get connections(): readonly Socket[] {
    return [...this.sockets];
  }

  /** Cuts what is connected, or only some of it; new connections are let in. */
  drop(connections: readonly Socket[] = this.connections): void {
    for (const socket of connections) socket.destroy();
  }

  /** Connections stay open, but no byte passes in either direction, until `speak`; cut ones stay cut. */
  silence(): void {
    this.isSilent = true;
    for (const socket of this.sockets) socket.pause();
  }

  speak(): void {
    this.isSilent = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Cuts what is connected and accepts nothing any more, until `unshut`. */
  shut(): void {
    this.isShut = true;
    this.drop();
  }

  unshut(): void {
    this.isShut = false;
  }

  async close(): Promise<void> {
    this.shut();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private relay(client: Socket): void {
    const { targetPort } = this;
    if (this.isShut || targetPort === undefined) {
      client.destroy();
      return;
    }
    const target = connect(targetPort, LOOPBACK);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (bytes: Buffer) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.isSilent) from.pause();
    }
  }
}
