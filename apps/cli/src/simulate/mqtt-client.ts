import { Duplex } from 'node:stream';
import { Packet, generate, parser } from 'mqtt-packet';
import { answered } from './answers';
import { Door, openStream } from './open-stream';

const PROTOCOL_LEVEL = 4;
const KEEP_ALIVE_S = 120;
const PING_INTERVAL_MS = (KEEP_ALIVE_S * 1_000) / 2;
const PACKET_IDS_MAX = 0xffff;
/** More than any packet of a hub or of the service. */
const UNREAD_BYTES_MAX = 256 * 1024;
const REFUSED = 0x80;

/** The answers of MQTT 3.1.1 to a connection that is not accepted. */
const refusals: ReadonlyMap<number, string> = new Map([
  [1, 'unacceptable protocol version'],
  [2, 'client identifier rejected'],
  [3, 'server unavailable'],
  [4, 'bad user name or password'],
  [5, 'not authorized'],
]);

export interface MqttCredentials {
  readonly clientId: string;
  readonly userName: string;
  readonly password: string | undefined;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
}

type OnMessage = (message: MqttMessage, client: MqttClient) => void;

/** One connection of a device. Errors of all calls: why the connection ended, or that an answer did not come. */
export class MqttClient {
  private readonly waiting = new Map<string, (packet: Packet) => void>();
  private readonly pings: NodeJS.Timeout;
  private lastId = 0;
  private failure: Error | undefined;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  private readonly ended: Promise<never>;

  private constructor(
    private readonly stream: Duplex,
    private readonly onMessage: OnMessage,
  ) {
    this.closed = new Promise((resolve) => stream.once('close', () => resolve()));
    this.ended = this.closed.then(() => {
      throw this.failure ?? new Error('the other side ended the connection');
    });
    this.ended.catch(() => undefined);
    const packets = parser({ protocolVersion: PROTOCOL_LEVEL });
    packets.on('packet', (packet) => this.receive(packet)).on('error', (error: Error) => stream.destroy(error));
    stream.on('data', (chunk: Buffer) => {
      if (packets.parse(chunk) > UNREAD_BYTES_MAX) stream.destroy(new Error('a packet is too long'));
    });
    stream.on('error', (error: Error) => (this.failure ??= error));
    this.pings = setInterval(() => this.send({ cmd: 'pingreq' }), PING_INTERVAL_MS);
    void this.closed.then(() => clearInterval(this.pings));
  }

  static async connect(door: Door, credentials: MqttCredentials, onMessage: OnMessage): Promise<MqttClient> {
    return MqttClient.over(await openStream(door), door.host, credentials, onMessage);
  }

  /** On a connection that is open; `host` is what errors call the other side. */
  static async over(
    stream: Duplex,
    host: string,
    { clientId, userName: username, password }: MqttCredentials,
    onMessage: OnMessage,
  ): Promise<MqttClient> {
    const client = new MqttClient(stream, onMessage);
    const proof = password === undefined ? {} : { password: Buffer.from(password) };
    const session = { protocolId: 'MQTT', protocolVersion: PROTOCOL_LEVEL, clean: true, keepalive: KEEP_ALIVE_S } as const;
    const connack = await client.ask({ cmd: 'connect', clientId, username, ...proof, ...session }, 'connack');
    const code = connack.cmd === 'connack' ? (connack.returnCode ?? 0) : 0;
    if (code === 0) return client;
    client.close();
    throw new Error(`${host} refused the connection: ${refusals.get(code) ?? `code ${code}`}`);
  }

  async subscribe(...topics: readonly string[]): Promise<void> {
    const messageId = this.nextId();
    const subscriptions = topics.map((topic) => ({ topic, qos: 0 as const }));
    const suback = await this.ask({ cmd: 'subscribe', messageId, subscriptions }, `suback ${messageId}`);
    const granted = suback.cmd === 'suback' ? suback.granted : [];
    if (granted.some((code) => Number(code) >= REFUSED)) throw new Error(`a subscription was refused: ${topics.join(', ')}`);
  }

  /** Resolves when the other side has it. */
  async publish(topic: string, payload: string): Promise<void> {
    const messageId = this.nextId();
    await this.ask({ cmd: 'publish', messageId, topic, payload, qos: 1, dup: false, retain: false }, `puback ${messageId}`);
  }

  /** The answer to something that was published, however it comes. */
  answer<Value>(answer: Promise<Value>): Promise<Value> {
    return answered(answer, this.ended);
  }

  close(): void {
    if (!this.stream.destroyed && !this.stream.writableEnded) this.stream.end(generate({ cmd: 'disconnect' }));
  }

  private nextId(): number {
    this.lastId = (this.lastId % PACKET_IDS_MAX) + 1;
    return this.lastId;
  }

  private send(packet: Packet): void {
    if (this.stream.writable) this.stream.write(generate(packet));
  }

  private async ask(packet: Packet, answer: string): Promise<Packet> {
    const received = new Promise<Packet>((resolve) => this.waiting.set(answer, resolve));
    this.send(packet);
    try {
      return await answered(received, this.ended);
    } catch (error) {
      this.stream.destroy();
      throw error;
    } finally {
      this.waiting.delete(answer);
    }
  }

  private receive(packet: Packet): void {
    const { cmd, messageId } = packet;
    this.waiting.get(messageId === undefined ? cmd : `${cmd} ${messageId}`)?.(packet);
    if (packet.cmd !== 'publish') return;
    if (messageId !== undefined) this.send({ cmd: 'puback', messageId });
    this.onMessage({ topic: packet.topic, payload: packet.payload.toString() }, this);
  }
}
