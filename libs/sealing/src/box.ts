import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { JsonValue } from '@app/event-sourcing';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MEMBER = '$sealed';
const BOX = /^v1\.([\w-]{1,64})\.([\w-]+)$/;

/** A value that only the key of its subject opens: `{"$sealed": "v1.<id of the key>.<base64url of IV, tag and cipher text>"}`. */
export type SealedBox = Readonly<Record<typeof MEMBER, string>>;

export interface SubjectKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** `place` is bound to the box: it cannot be opened as if it had stood elsewhere. */
export function seal(value: JsonValue, { id, key }: SubjectKey, place: string): SealedBox {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(place));
  const encrypted = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  const body = Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url');
  return { [MEMBER]: `v1.${id}.${body}` };
}

/** Throws when the box was not made by this key for this place. */
export function open(box: SealedBox, key: Buffer, place: string): JsonValue {
  const bytes = Buffer.from(BOX.exec(box[MEMBER])?.[2] ?? '', 'base64url');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES)).setAAD(Buffer.from(place));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(plain.toString('utf8')) as JsonValue;
}

/** The id of the key that a value was sealed with; undefined for a value that is not sealed. */
export function keyIdOfBox(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !(MEMBER in value)) return undefined;
  const text: unknown = value[MEMBER];
  return typeof text === 'string' && Object.keys(value).length === 1 ? BOX.exec(text)?.[1] : undefined;
}
