import { KeyObject, constants, createCipheriv, createHmac, publicEncrypt, randomBytes } from 'node:crypto';
import { sized, u32 } from './tpm-structures';

const AES_KEY_BITS = 128;
const HMAC_KEY_BITS = 256;
const SEED_BYTES = 32;
/** TPM protections use a zero IV: each key is used for one text. */
const ZERO_IV = Buffer.alloc(16);

/** KDFa of TPM 2.0 Library Part 1 (SP 800-108 in counter mode) with HMAC-SHA256; `bits` is a multiple of 8, at most 256. */
export function kdfa(key: Buffer, label: string, contextU: Buffer, bits: 128 | 256): Buffer {
  const input = Buffer.concat([u32(1), Buffer.from(`${label}\0`), contextU, u32(bits)]);
  return createHmac('sha256', key)
    .update(input)
    .digest()
    .subarray(0, bits / 8);
}

/** `key`: 16 bytes. */
export function aes128Cfb(key: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-cfb', key, ZERO_IV);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

/** A text under a seed that only the holder of an RSA key can have. */
export interface Protected {
  /** TPM2B_DIGEST of the HMAC, then the ciphertext. */
  readonly wrapped: Buffer;
  /** RSA-OAEP of the seed; 256 bytes. */
  readonly encryptedSeed: Buffer;
}

/**
 * The outer protection that credentials and duplicated objects share: a random seed, encrypted to `recipient` under `label`;
 * derived from it AES-128-CFB over the text and an HMAC over ciphertext and name.
 */
export function protect(recipient: KeyObject, label: 'IDENTITY' | 'DUPLICATE', text: Buffer, name: Buffer): Protected {
  const seed = randomBytes(SEED_BYTES);
  const ciphertext = aes128Cfb(kdfa(seed, 'STORAGE', name, AES_KEY_BITS), text);
  const hmacKey = kdfa(seed, 'INTEGRITY', Buffer.alloc(0), HMAC_KEY_BITS);
  const integrity = createHmac('sha256', hmacKey).update(ciphertext).update(name).digest();
  return { wrapped: Buffer.concat([sized(integrity), ciphertext]), encryptedSeed: encryptSeed(recipient, label, seed) };
}

/** The label's terminating zero is part of it. */
function encryptSeed(key: KeyObject, label: string, seed: Buffer): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key, padding, oaepHash: 'sha256', oaepLabel: Buffer.from(`${label}\0`) }, seed);
}
