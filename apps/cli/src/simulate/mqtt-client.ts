import { SecureContext, TLSSocket, connect as tlsConnect } from 'node:tls';
import { lookup } from '../connection/loopback';
import {
  Credentials,
  Packet,
  PacketReader,
  connectPacket,
  disconnectPacket,
  messageIn,
  packetType,
  pingPacket,
  pubackPacket,
  publishPacket,
  subscribePacket,
} from './mqtt-packets';

const KEEP_ALIVE_S = 120;
const PING_INTERVAL_MS = (KEEP_ALIVE_S * 1_000) / 2;
/** Longest wait for any answer. */
const ANSWER_TIMEOUT_MS = 30_000;
const PACKET_IDS_MAX = 0xffff;

export interface MqttDoor {
  readonly host: string;
  readonly port: number;
  /** Whom to trust; one for all devices, because reading a hundred authorities takes longer than all the rest of a connection. */
  readonly secureContext: SecureContext;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
}

interface Waiting {
  readonly resolve: (packet: Packet) => void;
  readonly reject: (error: Error) => void;
}

/** One connection of a device. Errors of all calls: why the connection ended, or that an answer did not come. */
export class MqttClient {
  private readonly reader = new PacketReader();
  private readonly waiting = new Map<string, Waiting>();
  private readonly pings: NodeJS.Timeout;
  private lastId = 0;
  private failure: Error | undefined;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;

  private constructor(
    private readonly socket: TLSSocket,
    private readonly onMessage: (message: MqttMessage, client: MqttClient) => void,
  ) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', (error: Error) => (this.failure ??= error)).once('close', () => this.end());
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    this.pings = setInterval(() => socket.write(pingPacket()), PING_INTERVAL_MS);
  }

  static async connect(
    { host, port, secureContext }: MqttDoor,
    credentials: Credentials,
    onMessage: (message: MqttMessage, client: MqttClient) => void,
  ): Promise<MqttClient> {
    const socket = tlsConnect({ host, port, servername: host, lookup, secureContext });
    const client = new MqttClient(socket, onMessage);
    const { body } = await client.ask(connectPacket(credentials, KEEP_ALIVE_S), 'connack');
    const code = body.readUInt8(1);
    if (code === 0) return client;
    client.close();
    throw new Error(`${host} refused the connection with code ${code}`);
  }

  async subscribe(...filters: readonly string[]): Promise<void> {
    const id = this.nextId();
    const { body } = await this.ask(subscribePacket(filters, id), `suback ${id}`);
    if (body.subarray(2).some((code) => code >= 0x80)) throw new Error(`a subscription was refused: ${filters.join(', ')}`);
  }

  /** Resolves when the other side has it. */
  async publish(topic: string, payload: string): Promise<void> {
    const id = this.nextId();
    await this.ask(publishPacket(topic, payload, id), `puback ${id}`);
  }

  close(): void {
    if (!this.socket.destroyed) this.socket.end(disconnectPacket());
  }

  private nextId(): number {
    this.lastId = (this.lastId % PACKET_IDS_MAX) + 1;
    return this.lastId;
  }

  private ask(packet: Buffer, answer: string): Promise<Packet> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(this.failure ?? new Error('the connection is over'));
        return;
      }
      const timer = setTimeout(
        () => this.socket.destroy(new Error(`no answer for ${ANSWER_TIMEOUT_MS / 1_000} s`)),
        ANSWER_TIMEOUT_MS,
      );
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          this.waiting.delete(answer);
          settle(value);
        };
      this.waiting.set(answer, { resolve: settled(resolve), reject: settled(reject) });
      this.socket.write(packet);
    });
  }

  private take(chunk: Buffer): void {
    try {
      for (const packet of this.reader.take(chunk)) this.receive(packet);
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private receive(packet: Packet): void {
    switch (packet.type) {
      case packetType.connack:
        return this.waiting.get('connack')?.resolve(packet);
      case packetType.suback:
        return this.waiting.get(`suback ${packet.body.readUInt16BE(0)}`)?.resolve(packet);
      case packetType.puback:
        return this.waiting.get(`puback ${packet.body.readUInt16BE(0)}`)?.resolve(packet);
      case packetType.publish: {
        const { id, ...message } = messageIn(packet);
        if (id !== undefined) this.socket.write(pubackPacket(id));
        this.onMessage(message, this);
      }
    }
  }

  private end(): void {
    clearInterval(this.pings);
    const error = this.failure ?? new Error('the other side ended the connection');
    for (const { reject } of this.waiting.values()) reject(error);
  }
}
