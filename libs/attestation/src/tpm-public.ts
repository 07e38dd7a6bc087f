import { KeyObject, createPublicKey } from 'node:crypto';
import { TPM_ALG, TPMA_OBJECT, nameOf } from './tpm-structures';

/** Longest TPM2B_PUBLIC looked at; that of an RSA-2048 key has 316 bytes with a policy and 284 without. */
export const TPM_PUBLIC_BYTES_MAX = 512;

const RSA_2048_BYTES = 256;
const RSA_2048_BITS = 2048;
const AES_128_BITS = 128;
const SHA256_BYTES = 32;
/** What a zero in the exponent's place stands for. */
const USUAL_EXPONENT = 65_537;

/** An RSA-2048 storage key of a TPM, as its TPM2B_PUBLIC describes it. */
export interface TpmStorageKey {
  readonly publicKey: KeyObject;
  /** 34 bytes. */
  readonly name: Buffer;
  /** TPMA_OBJECT. */
  readonly attributes: number;
}

export type TpmPublicReading =
  | { readonly readable: true; readonly key: TpmStorageKey }
  /** `reason` is for the log only. */
  | { readonly readable: false; readonly reason: string };

/**
 * Reads a TPM2B_PUBLIC. Only keys that activation can use are readable: RSA-2048 that decrypts and does not sign, with AES-128-CFB
 * for its children and SHA-256 for names, as endorsement and storage root keys are by the TCG's templates.
 */
export function readTpmStorageKey(bytes: Buffer): TpmPublicReading {
  if (bytes.length > TPM_PUBLIC_BYTES_MAX) return unreadable('the public area is too long');
  const reader = new FieldReader(bytes);
  const size = reader.u16();
  if (size !== bytes.length - 2) return unreadable('the public area has not the length that it says');
  const [type, nameAlgorithm, attributes] = [reader.u16(), reader.u16(), reader.u32()];
  const policy = reader.sized();
  const [symmetric, symmetricBits, mode, scheme] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  const [keyBits, exponent] = [reader.u16(), reader.u32()];
  const modulus = reader.sized();
  if (!reader.isExhausted) return unreadable('the public area ends too early or too late');
  if (type !== TPM_ALG.RSA || keyBits !== RSA_2048_BITS || modulus.length !== RSA_2048_BYTES || (modulus[0] ?? 0) < 0x80) {
    return unreadable('the key is not RSA-2048');
  }
  if (nameAlgorithm !== TPM_ALG.SHA256) return unreadable('the name algorithm is not SHA-256');
  if (policy.length !== 0 && policy.length !== SHA256_BYTES) return unreadable('the policy is no SHA-256 digest');
  if (symmetric !== TPM_ALG.AES || symmetricBits !== AES_128_BITS || mode !== TPM_ALG.CFB || scheme !== TPM_ALG.NULL) {
    return unreadable('the key does not protect its children with AES-128-CFB');
  }
  if ((attributes & TPMA_OBJECT.decrypt) === 0 || (attributes & TPMA_OBJECT.sign) !== 0) {
    return unreadable('the key is not one that decrypts and does not sign');
  }
  if (exponent !== 0 && exponent !== USUAL_EXPONENT) return unreadable('the exponent is not 65537');
  return { readable: true, key: { publicKey: rsaKey(modulus), name: nameOf(bytes.subarray(2)), attributes } };
}

/**
 * Whether a TPM vouches for the key by having it loaded: it was made inside, cannot leave and is used for storage alone. A key
 * made outside cannot be authorized in a TPM with these attributes.
 */
export function isBoundToTpm({ attributes }: TpmStorageKey): boolean {
  const needed = TPMA_OBJECT.fixedTpm | TPMA_OBJECT.fixedParent | TPMA_OBJECT.restricted;
  return (attributes & needed) === needed;
}

function rsaKey(modulus: Buffer): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' } });
}

function unreadable(reason: string): TpmPublicReading {
  return { readable: false, reason };
}

/** Reads big-endian fields one after another; what lies past the end reads as zero and leaves the reader unexhausted. */
class FieldReader {
  private offset = 0;

  constructor(private readonly bytes: Buffer) {}

  get isExhausted(): boolean {
    return this.offset === this.bytes.length;
  }

  u16(): number {
    return this.number(2);
  }

  u32(): number {
    return this.number(4);
  }

  sized(): Buffer {
    const length = this.u16();
    const content = this.bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return content;
  }

  private number(bytes: number): number {
    const at = this.offset;
    this.offset += bytes;
    return this.offset <= this.bytes.length ? this.bytes.readUIntBE(at, bytes) : 0;
  }
}
