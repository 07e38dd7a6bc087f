import fc from 'fast-check';
import { packet } from '@test/support/mqtt-packets';
import { FrameReader } from './frame-reader';

const FRAME_BYTES_MAX = 4096;
const newReader = (): FrameReader => new FrameReader(() => FRAME_BYTES_MAX);

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('a stream of packets', () => {
  it('comes out as the packets that went in, wherever it was cut', () => {
    const frames = fc.array(
      fc
        .tuple(fc.constantFrom(0x10, 0x30, 0x3f, 0x82, 0xc0, 0xe0), fc.uint8Array({ maxLength: 600 }))
        .map(([first, body]) => packet(first, Buffer.from(body))),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (sent, at) => {
        const reader = newReader();
        const read = cut(Buffer.concat(sent), at).flatMap((chunk) => [...reader.read(chunk)]);
        expect(read.map((frame) => frame.toString('hex'))).toEqual(sent.map((frame) => frame.toString('hex')));
      }),
    );
  });

  it('is refused as soon as a header announces too much, whatever follows', () => {
    const [largest, tooLarge] = [FRAME_BYTES_MAX - 3, FRAME_BYTES_MAX - 2];
    expect([...newReader().read(packet(0x30, Buffer.alloc(largest)))]).toHaveLength(1);
    expect(() => [...newReader().read(packet(0x30, Buffer.alloc(0), tooLarge))]).toThrow('a packet of 4097 bytes; at most 4096');
    expect(() => [...newReader().read(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))]).toThrow('at most 4096');
  });

  it('is refused when a length does not end', () => {
    expect(() => [...newReader().read(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80, 0x01]))]).toThrow('more than four bytes');
  });

  it('asks for the limit again for each packet', () => {
    let bytesMax = 10;
    const reader = new FrameReader(() => bytesMax);
    expect([...reader.read(packet(0x10, Buffer.alloc(8)))]).toHaveLength(1);
    bytesMax = 20;
    expect([...reader.read(packet(0x30, Buffer.alloc(18)))]).toHaveLength(1);
  });
});
