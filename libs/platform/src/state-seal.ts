import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { SECRET_KEY_BYTES } from './secret-box';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const PLAIN_BYTES_MAX = 64 * 1024 * 1024;
/** Twins shrink to a fifth at the fastest level already. */
const COMPRESSION_LEVEL = 1;

/** AES-256-GCM over compressed bytes, bound to a name: what is sealed under one does not open under another. */
export class StateSeal {
  constructor(private readonly key: Buffer) {
    if (key.length !== SECRET_KEY_BYTES) throw new RangeError(`the key has ${key.length} bytes, not ${SECRET_KEY_BYTES}`);
  }

  /** IV, tag and cipher text. */
  seal(name: string, plain: Buffer): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, iv).setAAD(Buffer.from(name));
    const encrypted = Buffer.concat([cipher.update(deflateRawSync(plain, { level: COMPRESSION_LEVEL })), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), encrypted]);
  }

  /** Throws for what was not sealed under this name with this key. */
  open(name: string, sealed: Buffer): Buffer {
    const decipher = createDecipheriv(CIPHER, this.key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(name))
      .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const compressed = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return inflateRawSync(compressed, { maxOutputLength: PLAIN_BYTES_MAX });
  }
}
