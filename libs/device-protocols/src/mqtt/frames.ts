import { MqttRefusal } from './refusal';

/** Control packet types of MQTT 3.1.1 that are looked at before the broker sees them. */
export const packetTypes = { connect: 1, publish: 3, subscribe: 8 } as const;

export const packetType = (frame: Buffer): number => frame.readUInt8(0) >> 4;

/** Flags that the specification fixes by packet type (MQTT 3.1.1, table 2.2); PUBLISH has its own, types 0 and 15 do not exist. */
const FLAGS_OF_REQUESTS = 0b0010;
const typesWithFlags = new Set([6, 8, 10]);
const TYPE_MAX = 14;

/** Tells other protocols by their first byte, before anything is waited for. Error: `MqttRefusal`. */
export function checkFirstByte(byte: number): void {
  const type = byte >> 4;
  const expected = typesWithFlags.has(type) ? FLAGS_OF_REQUESTS : 0;
  const wellFormed = type > 0 && type <= TYPE_MAX && (type === packetTypes.publish || (byte & 0x0f) === expected);
  if (!wellFormed) throw new MqttRefusal('malformed', 'a packet of no known type');
}

/** QoS 2 and retained messages are not supported (wire contract §2.1). Errors: `MqttRefusal`. */
export function checkPublish(frame: Buffer): void {
  const flags = frame.readUInt8(0);
  if (((flags >> 1) & 0b11) > 1) throw new MqttRefusal('qos-2', 'a message with QoS 2');
  if ((flags & 1) !== 0) throw new MqttRefusal('retain', 'a retained message');
}

/**
 * Turns requests for QoS 2 in a SUBSCRIBE packet into QoS 1, in place, so that QoS 1 is what the broker grants. A packet that is
 * malformed stays as it is: the broker refuses it.
 */
export function limitSubscribeQos(frame: Buffer): void {
  let offset = headerBytes(frame) + 2;
  while (offset + 2 <= frame.length) {
    const qosOffset = offset + 2 + frame.readUInt16BE(offset);
    if (qosOffset >= frame.length) return;
    if (frame.readUInt8(qosOffset) === 2) frame.writeUInt8(1, qosOffset);
    offset = qosOffset + 1;
  }
}

function headerBytes(frame: Buffer): number {
  let index = 1;
  while (index < frame.length && (frame.readUInt8(index) & 0x80) !== 0) index++;
  return index + 1;
}
