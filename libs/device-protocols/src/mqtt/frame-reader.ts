import { checkFirstByte } from './frames';
import { MqttRefusal } from './refusal';

/** A fixed header has one byte of type and flags and up to four of length. */
const LENGTH_BYTES_MAX = 4;
const CONTINUES = 0x80;
const BUFFER_BYTES_MIN = 256;

/**
 * Cuts a byte stream into whole MQTT control packets. What has arrived of an unfinished packet is kept in one buffer that grows
 * with what arrives, never with what a header promises, so that a connection costs at most twice the bytes it has sent.
 */
export class FrameReader {
  private buffer = Buffer.alloc(BUFFER_BYTES_MIN);
  private length = 0;

  constructor(
    /** Bytes of a packet, its header included; asked for each packet. */
    private readonly frameBytesMax: () => number,
  ) {}

  /** Errors: `MqttRefusal` for a first byte that begins no packet, a malformed length and for a packet that is announced as too large. */
  *read(chunk: Buffer): Generator<Buffer> {
    for (let offset = 0; offset < chunk.length;) {
      if (this.length === 0) checkFirstByte(chunk.readUInt8(offset));
      const frameBytes = this.frameBytes();
      const wanted = frameBytes === undefined ? 1 : frameBytes - this.length;
      const part = chunk.subarray(offset, offset + wanted);
      this.append(part);
      offset += part.length;
      if (this.frameBytes() === this.length) yield this.take();
    }
  }

  /** Of the packet under way, once its header is complete. */
  private frameBytes(): number | undefined {
    let remaining = 0;
    for (let index = 1; index < this.length; index++) {
      if (index > LENGTH_BYTES_MAX) throw new MqttRefusal('malformed', 'the length of a packet has more than four bytes');
      const byte = this.buffer.readUInt8(index);
      remaining += (byte & ~CONTINUES) << (7 * (index - 1));
      if ((byte & CONTINUES) !== 0) continue;
      const frameBytes = 1 + index + remaining;
      if (frameBytes > this.frameBytesMax()) {
        throw new MqttRefusal('packet-too-large', `a packet of ${frameBytes} bytes; at most ${this.frameBytesMax()}`);
      }
      return frameBytes;
    }
    return undefined;
  }

  private append(part: Buffer): void {
    if (this.length + part.length > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(2 * this.buffer.length, this.length + part.length));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    part.copy(this.buffer, this.length);
    this.length += part.length;
  }

  /** The finished packet, in memory of its own; large buffers are not kept for the next one. */
  private take(): Buffer {
    const frame = Buffer.from(this.buffer.subarray(0, this.length));
    if (this.buffer.length > BUFFER_BYTES_MIN) this.buffer = Buffer.alloc(BUFFER_BYTES_MIN);
    this.length = 0;
    return frame;
  }
}
