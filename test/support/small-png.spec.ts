import { deflateSync } from 'node:zlib';
import { smallPng } from './small-png';

/** One red and one blue pixel over two grey ones, with a filter on each line, as an encoder might write them. */
function picture(): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
  const lines = Buffer.from([1, 255, 0, 0, 1, 0, 255, 2, 137, 136, 136, 136, 136, 137]);
  return Buffer.concat([
    Buffer.alloc(8),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

it('keeps size and colours, the most frequent first', () => {
  const small = smallPng(picture());
  expect([small.readUInt32BE(16), small.readUInt32BE(20), small[24], small[25]]).toEqual([2, 2, 8, 3]);
  const palette = small.subarray(small.indexOf('PLTE') + 4);
  expect([...palette.subarray(0, 9)]).toEqual([136, 136, 136, 255, 0, 0, 0, 0, 255]);
});

it('refuses another kind of PNG', () => {
  const other = picture();
  other[25] = 6;
  expect(() => smallPng(other)).toThrow('another kind');
});
