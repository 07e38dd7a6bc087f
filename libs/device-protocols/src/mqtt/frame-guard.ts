import { Duplex } from 'node:stream';
import { FrameReader } from './frame-reader';
import { checkPublish, limitSubscribeQos, packetType, packetTypes } from './frames';
import { MqttRefusal } from './refusal';

/** Bounds of one MQTT connection; times in milliseconds, sizes in bytes. */
export const mqttConnectionLimits = {
  /** A CONNECT packet, and whatever follows it before the device is let in. */
  connectBytesMax: 16 * 1024,
  /** A message has a payload of at most 96 KB; the rest is its topic and header. */
  packetBytesMax: 128 * 1024,
  /** From the end of the TLS handshake to a complete CONNECT packet. */
  connectTimeoutMs: 10_000,
  /** Without any packet from the device, whatever keep-alive it asked for. */
  idleTimeoutMs: 600_000,
  packetsPerSecondMax: 200,
} as const;
export type MqttConnectionLimits = { readonly [Limit in keyof typeof mqttConnectionLimits]: number };

const SECOND_MS = 1_000;
/** How long a connection that is ended in good order may take to send what was written last. */
const LINGER_MS = 1_000;

/**
 * Stands between a device's connection and the broker. The broker sees whole packets of bounded size at a bounded rate, CONNECT
 * first, no QoS 2 and nothing retained; what breaks these rules destroys the stream with an `MqttRefusal`.
 */
export class FrameGuard extends Duplex {
  private readonly reader: FrameReader;
  private timer: NodeJS.Timeout;
  private connecting = true;
  private admitted = false;
  private windowStartedMs = performance.now();
  private packets = 0;

  constructor(
    private readonly source: Duplex,
    private readonly limits: MqttConnectionLimits = mqttConnectionLimits,
  ) {
    super();
    this.reader = new FrameReader(() => (this.admitted ? limits.packetBytesMax : limits.connectBytesMax));
    const late = new MqttRefusal('connect-timeout', `no CONNECT packet within ${limits.connectTimeoutMs} ms`);
    this.timer = setTimeout(() => this.destroy(late), limits.connectTimeoutMs);
    source.on('data', (chunk: Buffer) => this.receive(chunk));
    source.on('end', () => this.push(null));
    source.on('error', (error) => this.destroy(error));
    source.on('close', () => this.destroy());
  }

  /** The device has shown who it is: packets may be as large as messages are. */
  admit(): void {
    this.admitted = true;
  }

  override _read(): void {
    this.source.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.source.write(chunk, encoding, done);
  }

  /** The parts of a packet in one write, so that they are one TLS record and one WebSocket message. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.source.write(Buffer.concat(chunks.map(({ chunk }) => Buffer.from(chunk))), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.source.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.timer);
    if (error !== null || this.source.destroyed) this.source.destroy();
    else {
      this.source.end();
      const cut = setTimeout(() => this.source.destroy(), LINGER_MS);
      this.source.once('close', () => clearTimeout(cut));
    }
    done(error);
  }

  private receive(chunk: Buffer): void {
    if (this.destroyed) return;
    try {
      for (const frame of this.reader.read(chunk)) {
        this.inspect(frame);
        if (!this.push(frame)) this.source.pause();
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private inspect(frame: Buffer): void {
    this.countPacket();
    const type = packetType(frame);
    if (this.connecting) {
      if (type !== packetTypes.connect) throw new MqttRefusal('not-connect-first', 'the first packet is not a CONNECT');
      this.connecting = false;
      clearTimeout(this.timer);
      const idle = new MqttRefusal('idle', `no packet for ${this.limits.idleTimeoutMs} ms`);
      this.timer = setTimeout(() => this.destroy(idle), this.limits.idleTimeoutMs);
      return;
    }
    this.timer.refresh();
    if (type === packetTypes.publish) checkPublish(frame);
    if (type === packetTypes.subscribe) limitSubscribeQos(frame);
  }

  private countPacket(): void {
    const nowMs = performance.now();
    if (nowMs - this.windowStartedMs >= SECOND_MS) {
      this.windowStartedMs = nowMs;
      this.packets = 0;
    }
    if (++this.packets > this.limits.packetsPerSecondMax) {
      throw new MqttRefusal('flood', `more than ${this.limits.packetsPerSecondMax} packets in a second`);
    }
  }
}
