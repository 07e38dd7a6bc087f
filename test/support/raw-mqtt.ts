import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { ConnectFields, Packet, connectPacket, messageIn, packetsIn } from './mqtt-packets';
import type { RunningService } from './running-service';

const WAIT_MS = 10_000;

/** A client that sends bytes and looks at what comes back. */
export class RawMqtt {
  private received = Buffer.alloc(0);
  private readonly waiting = new Set<() => void>();
  ended = false;

  constructor(readonly stream: Duplex) {
    stream.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    stream.on('error', () => stream.destroy());
    stream.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** Over TLS to the MQTT port, calling the service by a name. */
  static async open({ facts, endpoint }: RunningService, servername = 'localhost'): Promise<RawMqtt> {
    const socket = connect({ port: facts.mqttPort, host: '127.0.0.1', servername, ca: endpoint.ca });
    const raw = new RawMqtt(socket);
    await once(socket, 'secureConnect');
    return raw;
  }

  send(...parts: readonly Buffer[]): this {
    this.stream.write(Buffer.concat(parts));
    return this;
  }

  /** Connects, and gives the CONNACK's code; undefined when the connection ended without one. */
  async connect(fields: ConnectFields): Promise<number | undefined> {
    this.send(connectPacket(fields));
    const connack = await this.next(2);
    return connack?.body.readUInt8(1);
  }

  get packets(): readonly Packet[] {
    return packetsIn(this.received);
  }

  /** The first packet of a type; undefined when the connection ends before there is one. */
  async next(type: number): Promise<Packet | undefined> {
    const find = (): Packet | undefined => this.packets.find((each) => each.type === type);
    await this.until(() => find() !== undefined || this.ended);
    return find();
  }

  /** Every message so far that the service has sent. */
  get messages(): readonly ReturnType<typeof messageIn>[] {
    return this.packets.filter(({ type }) => type === 3).map(messageIn);
  }

  async message(): Promise<ReturnType<typeof messageIn>> {
    const found = await this.next(3);
    if (found === undefined) throw new Error('the connection ended without a message');
    return messageIn(found);
  }

  async closed(): Promise<void> {
    await this.until(() => this.ended);
  }

  close(): void {
    this.stream.destroy();
  }

  private async until(condition: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS;
    while (!condition()) {
      if (performance.now() > deadlineMs) throw new Error(`waited ${WAIT_MS} ms; received ${this.received.toString('hex')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, WAIT_MS);
        const waiting = this.waiting;
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      });
    }
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
  }
}
