/** Largest MQTT packet taken, its header included. */
export const PACKET_BYTES_MAX = 128 * 1024;
/** Packets of one connection in one second; a device that sends more is cut. */
export const PACKETS_PER_SECOND_MAX = 500;

const SECOND_MS = 1000;
const LENGTH_BYTES_MAX = 4;

/**
 * Follows the frames of an MQTT byte stream without keeping any of it, so that a packet too large is refused when its length is
 * read, not when it has been collected.
 */
export class PacketScanner {
  private body = 0;
  private header: { length: number; bytes: number } | undefined;
  private secondStartedMs = 0;
  private packets = 0;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Why the connection must end with these bytes; undefined when it may go on. */
  scan(chunk: Buffer): string | undefined {
    for (let offset = 0; offset < chunk.length;) {
      if (this.body > 0) {
        const taken = Math.min(this.body, chunk.length - offset);
        this.body -= taken;
        offset += taken;
        continue;
      }
      const problem = this.headerByte(chunk[offset++] ?? 0);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  private headerByte(byte: number): string | undefined {
    if (this.header === undefined) {
      this.header = { length: 0, bytes: 0 };
      return this.countPacket();
    }
    const { header } = this;
    header.length += (byte & 0x7f) * 128 ** header.bytes++;
    if ((byte & 0x80) !== 0) return header.bytes >= LENGTH_BYTES_MAX ? 'malformed' : undefined;
    if (header.length + header.bytes + 1 > PACKET_BYTES_MAX) return 'packet-too-large';
    this.body = header.length;
    this.header = undefined;
    return undefined;
  }

  private countPacket(): string | undefined {
    const nowMs = this.nowMs();
    if (nowMs - this.secondStartedMs >= SECOND_MS) {
      this.secondStartedMs = nowMs;
      this.packets = 0;
    }
    return ++this.packets > PACKETS_PER_SECOND_MAX ? 'too-many-packets' : undefined;
  }
}
