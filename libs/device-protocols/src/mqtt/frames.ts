import { MqttRefusal } from './refusal';

/** Control packet types of MQTT 3.1.1 that are looked at before the broker sees them. */
export const packetTypes = { connect: 1, publish: 3, subscribe: 8 } as const;

export const packetType = (frame: Buffer): number => frame.readUInt8(0) >> 4;

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
