/** One element of DER: its tag byte and its content. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context3: 0xa3,
} as const;

const LENGTH_BYTES_MAX = 4;
/** A certificate has some tens of members at any level; what has more is not worth reading. */
const ELEMENTS_MAX = 256;

/** Thrown for bytes that are no DER, or too much of it. */
export class InvalidDer extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidDer';
  }
}

/** The elements that fill `bytes` one after the other. Error: `InvalidDer`. */
export function readDer(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (elements.length === ELEMENTS_MAX) throw new InvalidDer(`more than ${ELEMENTS_MAX} elements`);
    const element = elementAt(bytes, offset);
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** The members of a constructed element that must have the tag. Error: `InvalidDer`. */
export function membersOf(element: DerElement | undefined, tag: number): readonly DerElement[] {
  if (element?.tag !== tag) throw new InvalidDer(`expected tag ${tag}, found ${element?.tag ?? 'nothing'}`);
  return readDer(element.content);
}

/** Dotted decimal, e.g. `2.5.29.19`. */
export function oidText({ content }: DerElement): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new InvalidDer('an object identifier out of range');
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - top * 40, ...rest].join('.');
}

function elementAt(bytes: Buffer, offset: number): DerElement {
  const tag = byteAt(bytes, offset);
  const first = byteAt(bytes, offset + 1);
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const lengthBytes = first & 0x7f;
    if (lengthBytes === 0 || lengthBytes > LENGTH_BYTES_MAX) throw new InvalidDer('a length that DER does not have');
    length = 0;
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + byteAt(bytes, start + index);
    start += lengthBytes;
  }
  if (start + length > bytes.length) throw new InvalidDer('an element longer than what holds it');
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(offset, start + length) };
}

function byteAt(bytes: Buffer, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw new InvalidDer('the bytes end inside an element');
  return byte;
}
