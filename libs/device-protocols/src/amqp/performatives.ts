import { AmqpType, AmqpValue, ValueReader, malformed } from './values';

export const performativeCodes = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  saslInit: 0x41,
  saslResponse: 0x43,
} as const;
export type PerformativeName = keyof typeof performativeCodes;

/** A type; with `!` a field that must be there, with `*` a symbol or an array of symbols. */
type FieldType = AmqpType | `${AmqpType}!` | 'symbol*' | 'terminus' | 'outcome' | 'error';

/** Fields of the performatives in order (specification, parts 2.7 and 5.3.3). */
const fields: Readonly<Record<PerformativeName, readonly FieldType[]>> = {
  open: ['string!', 'string', 'uint', 'ushort', 'uint', 'symbol*', 'symbol*', 'symbol*', 'symbol*', 'map'],
  begin: ['ushort', 'uint!', 'uint!', 'uint!', 'uint', 'symbol*', 'symbol*', 'map'],
  attach: [
    ...(['string!', 'uint!', 'boolean!', 'ubyte', 'ubyte', 'terminus', 'terminus'] as const),
    ...(['map', 'boolean', 'uint', 'ulong', 'symbol*', 'symbol*', 'map'] as const),
  ],
  flow: ['uint', 'uint!', 'uint!', 'uint!', 'uint', 'uint', 'uint', 'uint', 'boolean', 'boolean', 'map'],
  transfer: [
    ...(['uint!', 'uint', 'binary', 'uint', 'boolean', 'boolean'] as const),
    ...(['ubyte', 'outcome', 'boolean', 'boolean', 'boolean'] as const),
  ],
  disposition: ['boolean!', 'uint!', 'uint', 'boolean', 'outcome', 'boolean'],
  detach: ['uint!', 'boolean', 'error'],
  end: ['error'],
  close: ['error'],
  saslInit: ['symbol!', 'binary', 'string'],
  saslResponse: ['binary!'],
};

const nameByCode: ReadonlyMap<number, PerformativeName> = new Map(
  Object.entries(performativeCodes).map(([name, code]) => [code, name as PerformativeName]),
);

/** Descriptors that stand where the specification allows several types. */
const descriptors = {
  terminus: [0x28, 0x29],
  outcome: [0x23, 0x24, 0x25, 0x26, 0x27],
  error: [0x1d],
} as const;

export interface Performative {
  readonly name: PerformativeName;
  readonly field: (index: number) => AmqpValue | undefined;
  /** What follows in the frame: the message of a transfer. */
  readonly payload: Buffer;
}

/** The performative of a frame's body, every field of the type the specification gives it. Errors: `AmqpRefusal`. */
export function readPerformative(body: Buffer): Performative {
  const reader = new ValueReader(body);
  const { descriptor, type, items } = reader.read();
  const name = nameByCode.get(descriptor ?? -1);
  if (name === undefined || type !== 'list') throw malformed('a frame with no known performative');
  const expected = fields[name];
  if (items.length > expected.length) throw malformed(`${name} has too many fields`);
  expected.forEach((field, index) => {
    if (!fits(items[index], field)) throw malformed(`field ${index} of ${name} is missing or has the wrong type`);
  });
  return { name, field: (index) => (items[index]?.type === 'null' ? undefined : items[index]), payload: reader.rest() };
}

function fits(value: AmqpValue | undefined, field: FieldType): boolean {
  if (value === undefined || (value.type === 'null' && value.descriptor === undefined)) return !field.endsWith('!');
  if (field === 'terminus' || field === 'outcome' || field === 'error') {
    const allowed: readonly number[] = descriptors[field];
    return value.type === 'list' && value.descriptor !== undefined && allowed.includes(value.descriptor);
  }
  if (value.descriptor !== undefined) return false;
  if (field === 'symbol*') {
    return value.type === 'symbol' || (value.type === 'array' && value.items.every(({ type }) => type === 'symbol'));
  }
  return value.type === field.replace('!', '');
}
