import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS_MAX = 256;
const RGB = 2;
const PALETTE = 3;
const BYTES_PER_PIXEL = 3;

/** A picture of a page with the 256 colours that it has most of, which is a third of its size; other colours become the nearest. */
export function smallPng(png: Buffer): Buffer {
  const { width, height, rows } = decoded(png);
  const counts = new Map<number, number>();
  for (let pixel = 0; pixel < width * height; pixel++) {
    const colour = colourAt(rows, pixel);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([colour]) => colour)
    .slice(0, COLOURS_MAX);
  const indices = new Map([...counts.keys()].map((colour) => [colour, nearest(colour, palette)]));
  // Each line begins with the number of its filter; palettes do best with none.
  const lines = Buffer.alloc(height * (width + 1));
  for (let pixel = 0; pixel < width * height; pixel++) {
    lines[pixel + Math.floor(pixel / width) + 1] = indices.get(colourAt(rows, pixel)) ?? 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, PALETTE, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap(channels));
  const body = deflateSync(lines, { level: 9 });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', body),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function colourAt(rows: Buffer, pixel: number): number {
  const at = pixel * BYTES_PER_PIXEL;
  return ((rows[at] ?? 0) << 16) | ((rows[at + 1] ?? 0) << 8) | (rows[at + 2] ?? 0);
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];

function nearest(colour: number, palette: readonly number[]): number {
  const [red, green, blue] = channels(colour);
  let best = 0;
  let bestDistance = Infinity;
  palette.forEach((candidate, index) => {
    const distance = ((candidate >> 16) - red) ** 2 + (((candidate >> 8) & 0xff) - green) ** 2 + ((candidate & 0xff) - blue) ** 2;
    if (distance >= bestDistance) return;
    best = index;
    bestDistance = distance;
  });
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(data.length, 0);
  typed.copy(framed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, line by line. */
  readonly rows: Buffer;
}

/** Only what Chromium writes: 8 bits, no alpha, not interlaced. */
function decoded(png: Buffer): Picture {
  const parts: Buffer[] = [];
  let header: Buffer = Buffer.alloc(0);
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = data;
    if (type === 'IDAT') parts.push(data);
    at += length + 12;
  }
  if (header[8] !== 8 || header[9] !== RGB || header[12] !== 0) throw new Error('the picture is of another kind of PNG');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  return { width, height, rows: unfiltered(inflateSync(Buffer.concat(parts)), width, height) };
}

/** Undoes what each line says of its neighbours: the pixel to the left, the one above, both, or the best of three. */
function unfiltered(lines: Buffer, width: number, height: number): Buffer {
  const stride = width * BYTES_PER_PIXEL;
  const rows = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < BYTES_PER_PIXEL ? 0 : (rows[at - BYTES_PER_PIXEL] ?? 0);
      const above = y === 0 ? 0 : (rows[at - stride] ?? 0);
      const corner = x < BYTES_PER_PIXEL || y === 0 ? 0 : (rows[at - stride - BYTES_PER_PIXEL] ?? 0);
      rows[at] = (lines[y * (stride + 1) + 1 + x] ?? 0) + guess(filter, left, above, corner);
    }
  }
  return rows;
}

function guess(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  return filter === 3 ? (left + above) >> 1 : paeth(left, above, corner);
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
