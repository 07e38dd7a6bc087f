/** MQTT 3.1.1, as much of it as a device needs. */

export const packetType = { connack: 2, publish: 3, puback: 4, suback: 9, pingresp: 13 } as const;

const CONNECT = 0x10;
const PUBLISH_QOS_1 = 0x32;
const PUBACK = 0x40;
const SUBSCRIBE = 0x82;
const PINGREQ = 0xc0;
const DISCONNECT = 0xe0;
const PROTOCOL_LEVEL = 4;
/** User name, password, clean session. */
const CONNECT_FLAGS = 0xc2;
/** More than any answer of a hub or of the service. */
const PACKET_BYTES_MAX = 256 * 1024;
const LENGTH_BYTES_MAX = 4;

export interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export interface Credentials {
  readonly clientId: string;
  readonly userName: string;
  readonly password: string;
}

export function connectPacket({ clientId, userName, password }: Credentials, keepAliveS: number): Buffer {
  const header = Buffer.concat([text('MQTT'), Buffer.from([PROTOCOL_LEVEL, CONNECT_FLAGS]), number(keepAliveS)]);
  return framed(CONNECT, Buffer.concat([header, ...[clientId, userName, password].map(text)]));
}

export function publishPacket(topic: string, payload: string, id: number): Buffer {
  return framed(PUBLISH_QOS_1, Buffer.concat([text(topic), number(id), Buffer.from(payload)]));
}

export function subscribePacket(filters: readonly string[], id: number): Buffer {
  const body = filters.map((filter) => Buffer.concat([text(filter), Buffer.from([0])]));
  return framed(SUBSCRIBE, Buffer.concat([number(id), ...body]));
}

export const pubackPacket = (id: number): Buffer => framed(PUBACK, number(id));
export const pingPacket = (): Buffer => framed(PINGREQ, Buffer.alloc(0));
export const disconnectPacket = (): Buffer => framed(DISCONNECT, Buffer.alloc(0));

/** A message as it came. `id` is set where it wants to be acknowledged. */
export function messageIn({ flags, body }: Packet): {
  readonly topic: string;
  readonly payload: string;
  readonly id: number | undefined;
} {
  const topicEnd = 2 + body.readUInt16BE(0);
  const topic = body.subarray(2, topicEnd).toString();
  const id = (flags & 6) === 0 ? undefined : body.readUInt16BE(topicEnd);
  return { topic, id, payload: body.subarray(topicEnd + (id === undefined ? 0 : 2)).toString() };
}

/** Cuts what arrives into packets. Error: for a length that no packet has. */
export class PacketReader {
  private bytes = Buffer.alloc(0);

  take(chunk: Buffer): readonly Packet[] {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    const packets: Packet[] = [];
    for (let found = this.next(); found !== undefined; found = this.next()) packets.push(found);
    return packets;
  }

  private next(): Packet | undefined {
    let length = 0;
    for (let index = 1; index < this.bytes.length; index++) {
      const byte = this.bytes.readUInt8(index);
      length += (byte & 0x7f) << (7 * (index - 1));
      if (length > PACKET_BYTES_MAX || index > LENGTH_BYTES_MAX) throw new Error('a packet is too long');
      if ((byte & 0x80) === 0) return this.cut(index + 1, length);
    }
    return undefined;
  }

  private cut(start: number, length: number): Packet | undefined {
    if (this.bytes.length < start + length) return undefined;
    const first = this.bytes.readUInt8(0);
    const body = Buffer.from(this.bytes.subarray(start, start + length));
    this.bytes = this.bytes.subarray(start + length);
    return { type: first >> 4, flags: first & 0x0f, body };
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function framed(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}
