/** MQTT 3.1.1 packets made by hand, right and wrong ones. */

const utf8 = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** A packet of any first byte; `announcedBytes` in its length instead of the body's, if given. */
export function packet(firstByte: number, body: Buffer, announcedBytes = body.length): Buffer {
  const length: number[] = [];
  let rest = announcedBytes;
  do {
    const more = rest > 0x7f ? 0x80 : 0;
    length.push((rest & 0x7f) | more);
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([firstByte, ...length]), body]);
}

export interface ConnectFields {
  readonly clientId: string;
  readonly userName?: string;
  readonly password?: string;
  readonly keepAliveS?: number;
  readonly protocolLevel?: number;
  /** A clean session unless set. */
  readonly persistent?: boolean;
  readonly will?: { readonly topic: string; readonly message: string };
}

export function connectPacket(fields: ConnectFields): Buffer {
  const { clientId, userName, password, keepAliveS = 60, protocolLevel = 4, persistent = false, will } = fields;
  const flags =
    (userName === undefined ? 0 : 0x80) |
    (password === undefined ? 0 : 0x40) |
    (will === undefined ? 0 : 0x04) |
    (persistent ? 0 : 0x02);
  const header = Buffer.from([protocolLevel, flags, keepAliveS >> 8, keepAliveS & 0xff]);
  const texts = [clientId, will?.topic, will?.message, userName, password].filter((text) => text !== undefined);
  return packet(0x10, Buffer.concat([utf8('MQTT'), header, ...texts.map(utf8)]));
}

export interface PublishFields {
  readonly topic: string;
  readonly payload?: string | Buffer;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly messageId?: number;
}

export function publishPacket({ topic, payload = '', qos = 1, retain = false, messageId = 7 }: PublishFields): Buffer {
  const id = qos === 0 ? Buffer.alloc(0) : Buffer.from([messageId >> 8, messageId & 0xff]);
  return packet(0x30 | (qos << 1) | (retain ? 1 : 0), Buffer.concat([utf8(topic), id, Buffer.from(payload)]));
}

export function subscribePacket(topics: readonly (readonly [filter: string, qos: number])[], messageId = 5): Buffer {
  const filters = topics.map(([filter, qos]) => Buffer.concat([utf8(filter), Buffer.from([qos])]));
  return packet(0x82, Buffer.concat([Buffer.from([messageId >> 8, messageId & 0xff]), ...filters]));
}

export interface Packet {
  /** 2 CONNACK, 3 PUBLISH, 4 PUBACK, 9 SUBACK, … */
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

/** What has arrived so far, cut into packets; an unfinished one at the end is left out. */
export function packetsIn(bytes: Buffer): readonly Packet[] {
  const packets: Packet[] = [];
  for (let offset = 0; offset + 2 <= bytes.length;) {
    let length = 0;
    let index = 0;
    let byte: number;
    do {
      byte = bytes.readUInt8(offset + 1 + index);
      length += (byte & 0x7f) << (7 * index++);
    } while ((byte & 0x80) !== 0);
    const start = offset + 1 + index;
    if (start + length > bytes.length) break;
    const first = bytes.readUInt8(offset);
    packets.push({ type: first >> 4, flags: first & 0xf, body: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return packets;
}

/** Topic and payload of a PUBLISH. */
export function messageIn({ flags, body }: Packet): { readonly topic: string; readonly payload: string; readonly qos: number } {
  const topicBytes = body.readUInt16BE(0);
  const qos = (flags >> 1) & 3;
  const topic = body.subarray(2, 2 + topicBytes).toString();
  return { topic, qos, payload: body.subarray(2 + topicBytes + (qos > 0 ? 2 : 0)).toString() };
}
