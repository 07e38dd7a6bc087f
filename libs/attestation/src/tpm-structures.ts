import { createHash } from 'node:crypto';

/** Numbers of TPM 2.0 Library Part 2 for the only algorithms that activation uses. */
export const TPM_ALG = {
  RSA: 0x0001,
  HMAC: 0x0005,
  AES: 0x0006,
  KEYEDHASH: 0x0008,
  SHA256: 0x000b,
  NULL: 0x0010,
  CFB: 0x0043,
} as const;

/** Bits of TPMA_OBJECT. */
export const TPMA_OBJECT = {
  fixedTpm: 1 << 1,
  fixedParent: 1 << 4,
  userWithAuth: 1 << 6,
  noDictionaryAttack: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A TPM2B: the content with its length in front. */
export function sized(content: Buffer): Buffer {
  return Buffer.concat([u16(content.length), content]);
}

/** Name of an object whose name algorithm is SHA-256: the algorithm and the digest of its TPMT_PUBLIC; 34 bytes. */
export function nameOf(publicArea: Buffer): Buffer {
  return Buffer.concat([u16(TPM_ALG.SHA256), createHash('sha256').update(publicArea).digest()]);
}
