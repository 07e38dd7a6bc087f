import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
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

/**
 * The same value, key and occasion make the same box, so that an append that is tried again brings the same bytes: the IV is a MAC of
 * all three, which no two different values share. `bound` is said again when it is opened, or it does not open.
 */
export function seal(value: JsonValue, { id, key }: SubjectKey, occasion: string, bound = ''): SealedBox {
  const plain = JSON.stringify(value);
  const iv = createHmac('sha256', key)
    .update(JSON.stringify([occasion, bound, plain]))
    .digest()
    .subarray(0, IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound));
  const encrypted = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  const body = Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url');
  return { [MEMBER]: `v1.${id}.${body}` };
}

/** Throws when the box was not made by this key. */
export function open(box: SealedBox, key: Buffer, bound = ''): JsonValue {
  const bytes = Buffer.from(BOX.exec(box[MEMBER])?.[2] ?? '', 'base64url');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES }).setAAD(
    Buffer.from(bound),
  );
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
