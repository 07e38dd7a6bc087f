import { AmqpRefusal } from './refusal';

/** The primitive types of AMQP 1.0 (specification, part 1.6), without regard to how a value is encoded. */
export type AmqpType =
  | 'null'
  | 'boolean'
  | 'ubyte'
  | 'ushort'
  | 'uint'
  | 'ulong'
  | 'byte'
  | 'short'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'decimal'
  | 'char'
  | 'timestamp'
  | 'uuid'
  | 'binary'
  | 'string'
  | 'symbol'
  | 'list'
  | 'map'
  | 'array';

export interface AmqpValue {
  readonly type: AmqpType;
  /** Numeric descriptor of a described value; -1 for one that is not a number. */
  readonly descriptor: number | undefined;
  /** Unsigned whole numbers up to 32 bits and small ulongs; booleans as 0 and 1. */
  readonly number: number | undefined;
  /** Content of binary, string and symbol. */
  readonly bytes: Buffer | undefined;
  /** Members of a list; keys and values of a map in turn; elements of an array. */
  readonly items: readonly AmqpValue[];
}

const DEPTH_MAX = 16;
/** Of one frame or message; a request has about 60. */
const VALUES_MAX = 4_096;
const WIDTHS = [0, 1, 2, 4, 8, 16];

const typeOf: ReadonlyMap<number, AmqpType> = new Map([
  [0x40, 'null'],
  [0x41, 'boolean'],
  [0x42, 'boolean'],
  [0x56, 'boolean'],
  [0x50, 'ubyte'],
  [0x60, 'ushort'],
  [0x70, 'uint'],
  [0x52, 'uint'],
  [0x43, 'uint'],
  [0x80, 'ulong'],
  [0x53, 'ulong'],
  [0x44, 'ulong'],
  [0x51, 'byte'],
  [0x61, 'short'],
  [0x71, 'int'],
  [0x54, 'int'],
  [0x81, 'long'],
  [0x55, 'long'],
  [0x72, 'float'],
  [0x82, 'double'],
  [0x74, 'decimal'],
  [0x84, 'decimal'],
  [0x94, 'decimal'],
  [0x73, 'char'],
  [0x83, 'timestamp'],
  [0x98, 'uuid'],
  [0xa0, 'binary'],
  [0xb0, 'binary'],
  [0xa1, 'string'],
  [0xb1, 'string'],
  [0xa3, 'symbol'],
  [0xb3, 'symbol'],
  [0x45, 'list'],
  [0xc0, 'list'],
  [0xd0, 'list'],
  [0xc1, 'map'],
  [0xd1, 'map'],
  [0xe0, 'array'],
  [0xf0, 'array'],
]);

/** How a value is encoded, as its constructor says it. */
interface Encoding {
  readonly code: number;
  readonly type: AmqpType;
  readonly descriptor: number | undefined;
}

/**
 * Reads encoded values and believes no length and no count: what does not fit into the bytes that are there, is nested too deep or
 * has too many parts is refused. The library behind it trusts such numbers, which would let one frame of an unknown peer fill the
 * memory of the process.
 */
export class ValueReader {
  private offset = 0;
  private values = 0;

  constructor(private readonly buffer: Buffer) {}

  get done(): boolean {
    return this.offset === this.buffer.length;
  }

  /** Bytes that are left after the values read so far. */
  rest(): Buffer {
    return this.buffer.subarray(this.offset);
  }

  /** Errors: `AmqpRefusal`. */
  read(depth = 0): AmqpValue {
    return this.readValue(this.readEncoding(depth), depth);
  }

  private readEncoding(depth: number): Encoding {
    if (depth > DEPTH_MAX) throw malformed(`nested deeper than ${DEPTH_MAX} levels`);
    let descriptor: number | undefined;
    let code = this.readUint(1);
    if (code === 0) {
      const described = this.read(depth + 1);
      descriptor = described.type === 'ulong' ? (described.number ?? -1) : -1;
      code = this.readUint(1);
    }
    const type = typeOf.get(code);
    if (type === undefined) throw malformed(`0x${code.toString(16)} is no type`);
    return { code, type, descriptor };
  }

  private readValue(encoding: Encoding, depth: number): AmqpValue {
    if (++this.values > VALUES_MAX) throw malformed(`more than ${VALUES_MAX} values`);
    const { code, type, descriptor } = encoding;
    const kind = code >> 4;
    if (kind <= 0x9) return this.readFixed(encoding, WIDTHS[kind - 4] ?? 0);
    if (kind <= 0xb) {
      const bytes = this.take(this.readUint(kind === 0xa ? 1 : 4));
      return { type, descriptor, bytes, number: undefined, items: [] };
    }
    return { type, descriptor, number: undefined, bytes: undefined, items: this.readItems(kind, type, depth + 1) };
  }

  private readFixed({ code, type, descriptor }: Encoding, width: number): AmqpValue {
    const bytes = this.take(width);
    const number = code === 0x41 ? 1 : width === 0 ? 0 : numberIn(bytes, type);
    return { type, descriptor, number, bytes: undefined, items: [] };
  }

  private readItems(kind: number, type: AmqpType, depth: number): readonly AmqpValue[] {
    const width = kind % 2 === 0 ? 1 : 4;
    const size = this.readUint(width);
    const end = this.offset + size;
    if (end > this.buffer.length) throw malformed('a value is longer than its frame');
    const count = this.readUint(width);
    if (count > VALUES_MAX) throw malformed(`more than ${VALUES_MAX} values`);
    if (type === 'map' && count % 2 !== 0) throw malformed('a map with a key that has no value');
    const element = type === 'array' ? this.readEncoding(depth) : undefined;
    const items: AmqpValue[] = [];
    while (items.length < count) items.push(element === undefined ? this.read(depth) : this.readValue(element, depth));
    if (this.offset !== end) throw malformed('a compound value with a wrong size');
    return items;
  }

  private readUint(width: number): number {
    return this.take(width).readUIntBE(0, width);
  }

  private take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.buffer.length) throw malformed('a value is longer than its frame');
    const bytes = this.buffer.subarray(this.offset, end);
    this.offset = end;
    return bytes;
  }
}

/** Undefined for what is no unsigned whole number, or one of more than 48 bits. */
function numberIn(bytes: Buffer, type: AmqpType): number | undefined {
  if (type === 'ulong' && bytes.length === 8) return bytes.readUInt16BE(0) === 0 ? bytes.readUIntBE(2, 6) : undefined;
  const isUnsigned = type === 'boolean' || type === 'ubyte' || type === 'ushort' || type === 'uint' || type === 'ulong';
  return isUnsigned ? bytes.readUIntBE(0, bytes.length) : undefined;
}

export function malformed(detail: string): AmqpRefusal {
  return new AmqpRefusal('malformed', detail);
}
