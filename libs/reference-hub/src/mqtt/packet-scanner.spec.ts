import fc from 'fast-check';
import { PACKET_BYTES_MAX, PACKETS_PER_SECOND_MAX, PacketScanner } from './packet-scanner';

/** A packet of type 3 (PUBLISH) with a body of this length. */
function packet(bodyBytes: number): Buffer {
  const length: number[] = [];
  for (let left = bodyBytes; ; left = Math.floor(left / 128)) {
    length.push((left % 128) | (left >= 128 ? 0x80 : 0));
    if (left < 128) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, 0xff)]);
}

it('lets packets of any length pass, however they are cut into chunks', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5000), { maxLength: 20 }), fc.integer({ min: 1, max: 700 }), (lengths, chunkBytes) => {
      const scanner = new PacketScanner(() => 1);
      const bytes = Buffer.concat(lengths.map(packet));
      for (let start = 0; start < bytes.length; start += chunkBytes) {
        expect(scanner.scan(bytes.subarray(start, start + chunkBytes))).toBeUndefined();
      }
    }),
  );
});

it('refuses a packet that is too large as soon as its length is known', () => {
  expect(new PacketScanner().scan(packet(PACKET_BYTES_MAX - 4))).toBeUndefined();
  expect(new PacketScanner().scan(packet(PACKET_BYTES_MAX).subarray(0, 4))).toBe('packet-too-large');
  expect(new PacketScanner().scan(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]))).toBe('malformed');
});

it('refuses a flood, and only within one second', () => {
  let nowMs = 1000;
  const scanner = new PacketScanner(() => nowMs);
  const ping = Buffer.from([0xc0, 0]);
  for (let sent = 0; sent < PACKETS_PER_SECOND_MAX; sent++) expect(scanner.scan(ping)).toBeUndefined();
  expect(scanner.scan(ping)).toBe('too-many-packets');
  nowMs += 1000;
  expect(scanner.scan(ping)).toBeUndefined();
});
