import { AmqpRefusal } from './refusal';
import { malformed } from './values';

export const PROTOCOL_HEADER_BYTES = 8;
const FRAME_HEADER_BYTES = 8;
const SIZE_BYTES = 4;
const BUFFER_BYTES_MIN = 512;

/** Frame types of AMQP 1.0. */
export const frameTypes = { amqp: 0, sasl: 1 } as const;

/** What comes next in the byte stream, and how large it may be. */
export interface Expected {
  readonly unit: 'protocol header' | 'frame';
  readonly frameBytesMax: number;
}

/**
 * Cuts a byte stream into protocol headers and frames. What has arrived of an unfinished one is kept in a buffer that grows with
 * what arrives, never with what a frame announces.
 */
export class FrameReader {
  private buffer = Buffer.alloc(BUFFER_BYTES_MIN);
  private length = 0;

  constructor(
    /** Asked again after every unit, so that one unit decides how the next is read. */
    private readonly expected: () => Expected,
  ) {}

  /** Errors: `AmqpRefusal` for a frame that is announced as too small or too large. */
  *read(chunk: Buffer): Generator<Buffer> {
    for (let offset = 0; offset < chunk.length;) {
      const unitBytes = this.unitBytes();
      const part = chunk.subarray(offset, offset + (unitBytes ?? SIZE_BYTES) - this.length);
      this.append(part);
      offset += part.length;
      if (this.unitBytes() === this.length) yield this.take();
    }
  }

  /** Of the unit under way, once it is known. */
  private unitBytes(): number | undefined {
    const { unit, frameBytesMax } = this.expected();
    if (unit === 'protocol header') return PROTOCOL_HEADER_BYTES;
    if (this.length < SIZE_BYTES) return undefined;
    const size = this.buffer.readUInt32BE(0);
    if (size < FRAME_HEADER_BYTES) throw malformed(`a frame of ${size} bytes`);
    if (size > frameBytesMax) throw new AmqpRefusal('frame-too-large', `a frame of ${size} bytes; at most ${frameBytesMax}`);
    return size;
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

  /** The finished unit, in memory of its own; large buffers are not kept for the next one. */
  private take(): Buffer {
    const unit = Buffer.from(this.buffer.subarray(0, this.length));
    if (this.buffer.length > BUFFER_BYTES_MIN) this.buffer = Buffer.alloc(BUFFER_BYTES_MIN);
    this.length = 0;
    return unit;
  }
}

/** The body of a frame of the given type; empty for one that only says that the peer is alive. Errors: `AmqpRefusal`. */
export function frameBody(frame: Buffer, type: number): Buffer {
  const bodyOffset = frame.readUInt8(4) * 4;
  if (bodyOffset < FRAME_HEADER_BYTES || bodyOffset > frame.length) throw malformed('a frame with a wrong data offset');
  if (frame.readUInt8(5) !== type) throw malformed(`a frame of type ${frame.readUInt8(5)}, not ${type}`);
  return frame.subarray(bodyOffset);
}
