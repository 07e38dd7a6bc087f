import { connectPacket, packet, publishPacket, subscribePacket } from '@test/support/mqtt-packets';
import { checkFirstByte, checkPublish, limitSubscribeQos, packetType, packetTypes } from './frames';

describe('a packet', () => {
  it('is known by its first byte', () => {
    expect(packetType(connectPacket({ clientId: 'a' }))).toBe(packetTypes.connect);
    expect(packetType(publishPacket({ topic: 'a' }))).toBe(packetTypes.publish);
    expect(packetType(subscribePacket([['a', 0]]))).toBe(packetTypes.subscribe);
  });
});

describe('a message', () => {
  it.each([0, 1] as const)('with QoS %d passes', (qos) => {
    expect(() => checkPublish(publishPacket({ topic: 'a', qos }))).not.toThrow();
  });

  it('with QoS 2, with both QoS bits, or to be retained is refused', () => {
    expect(() => checkPublish(publishPacket({ topic: 'a', qos: 2 }))).toThrow('QoS 2');
    expect(() => checkPublish(packet(0x36, Buffer.alloc(4)))).toThrow('QoS 2');
    expect(() => checkPublish(publishPacket({ topic: 'a', retain: true }))).toThrow('retained');
  });
});

describe('a subscription', () => {
  it('with QoS 2 becomes one with QoS 1, the others stay', () => {
    const long = 'x'.repeat(300);
    const frame = subscribePacket([
      ['a/#', 2],
      ['b', 0],
      [long, 2],
      ['c', 1],
    ]);
    limitSubscribeQos(frame);
    expect(frame).toEqual(
      subscribePacket([
        ['a/#', 1],
        ['b', 0],
        [long, 1],
        ['c', 1],
      ]),
    );
  });

  it.each(['820100', '8202', '82050001000261', '8206000100ff6102', '82'])('that is malformed stays as it is: %s', (hex) => {
    const frame = Buffer.from(hex, 'hex');
    limitSubscribeQos(frame);
    expect(frame.toString('hex')).toBe(hex);
  });
});

describe('the first byte of a packet', () => {
  it.each([0x10, 0x20, 0x30, 0x3b, 0x40, 0x62, 0x82, 0xa2, 0xc0, 0xe0])('%d begins one', (byte) => {
    expect(() => checkFirstByte(byte)).not.toThrow();
  });

  it.each([0x00, 0xf0, 0x11, 0x47, 0x60, 0x80, 0x83, 0xa0, 0xc1])('%d begins none', (byte) => {
    expect(() => checkFirstByte(byte)).toThrow('no known type');
  });
});
