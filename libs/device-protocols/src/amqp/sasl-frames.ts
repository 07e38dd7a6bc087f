import { frameTypes } from './frame-reader';

/** Outcomes of an authentication (specification, part 5.3.3.6). */
export const saslCodes = { ok: 0, auth: 1, temporary: 4 } as const;
export type SaslCode = (typeof saslCodes)[keyof typeof saslCodes];

const MECHANISMS = 0x40;
const CHALLENGE = 0x42;
const OUTCOME = 0x44;

export function mechanismsFrame(names: readonly string[]): Buffer {
  const symbols = names.map((name) => sized(Buffer.from(name, 'ascii')));
  // An array has one constructor for all of its elements: symbols with lengths of four bytes.
  const content = Buffer.concat([uint32(names.length), Buffer.of(0xb3), ...symbols]);
  return frame(MECHANISMS, Buffer.concat([Buffer.of(0xf0), sized(content)]));
}

export function challengeFrame(challenge: Buffer): Buffer {
  return frame(CHALLENGE, Buffer.concat([Buffer.of(0xb0), sized(challenge)]));
}

export function outcomeFrame(code: SaslCode): Buffer {
  return frame(OUTCOME, Buffer.of(0x50, code));
}

/** A frame whose performative has one field. */
function frame(descriptor: number, field: Buffer): Buffer {
  const list = Buffer.concat([Buffer.of(0x00, 0x53, descriptor, 0xd0), sized(Buffer.concat([uint32(1), field]))]);
  const header = Buffer.of(2, frameTypes.sasl, 0, 0);
  return Buffer.concat([uint32(4 + header.length + list.length), header, list]);
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
