import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { SoftwareTpm } from '@test/support/software-tpm';
import { TPM_PUBLIC_BYTES_MAX, TpmStorageKey, isBoundToTpm, readTpmStorageKey } from './tpm-public';

const tpm = new SoftwareTpm();
const endorsementKey = Buffer.from(tpm.endorsementKey, 'base64');
const storageRootKey = Buffer.from(tpm.storageRootKey, 'base64');

function keyIn(bytes: Buffer): TpmStorageKey {
  const reading = readTpmStorageKey(bytes);
  if (!reading.readable) throw new Error(reading.reason);
  return reading.key;
}

function reasonFor(bytes: Buffer): string {
  const reading = readTpmStorageKey(bytes);
  if (reading.readable) throw new Error('it was read');
  return reading.reason;
}

/** The storage root key with other bytes from an offset on. */
function changed(offset: number, hex: string): Buffer {
  const bytes = Buffer.from(storageRootKey);
  bytes.write(hex, offset, 'hex');
  return bytes;
}

describe('a TPM2B_PUBLIC', () => {
  it('of an endorsement key begins as the ones of real TPMs do', () => {
    expect(tpm.endorsementKey).toMatch(/^AToAAQALAAMAsgAgg3GXZ0SEs/);
    expect(keyIn(endorsementKey).attributes).toBe(0x000300b2);
  });

  it('gives the RSA key and the name of the object', () => {
    const { publicKey, name } = keyIn(storageRootKey);
    expect(publicKey.asymmetricKeyDetails).toEqual({ modulusLength: 2048, publicExponent: 65_537n });
    const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
    expect(modulus.equals(storageRootKey.subarray(-256))).toBe(true);
    const digest = createHash('sha256').update(storageRootKey.subarray(2)).digest('hex');
    expect(name.toString('hex')).toBe(`000b${digest}`);
  });

  it('may write the exponent out', () => {
    expect(keyIn(changed(22, '00010001')).publicKey.asymmetricKeyDetails?.publicExponent).toBe(65_537n);
  });

  it.each([
    ['is empty', Buffer.alloc(0), 'the public area has not the length that it says'],
    ['is of nothing', Buffer.of(0, 0), 'the public area ends too early or too late'],
    ['is cut short', storageRootKey.subarray(0, 100), 'the public area has not the length that it says'],
    ['has bytes behind', Buffer.concat([storageRootKey, Buffer.of(0)]), 'the public area has not the length that it says'],
    ['is very long', Buffer.alloc(TPM_PUBLIC_BYTES_MAX + 1), 'the public area is too long'],
    ['is of an elliptic curve', changed(2, '0023'), 'the key is not RSA-2048'],
    ['is of a shorter key', changed(20, '0400'), 'the key is not RSA-2048'],
    ['has a modulus with leading zeros', changed(28, '00'), 'the key is not RSA-2048'],
    ['is named by SHA-1', changed(4, '0004'), 'the name algorithm is not SHA-256'],
    ['signs', changed(6, '00050472'), 'the key is not one that decrypts and does not sign'],
    ['does not decrypt', changed(6, '00010472'), 'the key is not one that decrypts and does not sign'],
    ['protects with AES-256', changed(14, '0100'), 'the key does not protect its children with AES-128-CFB'],
    ['has a scheme', changed(18, '0017'), 'the key does not protect its children with AES-128-CFB'],
    ['has another exponent', changed(22, '00000003'), 'the exponent is not 65537'],
  ])('is refused when it %s', (_what, bytes, reason) => {
    expect(reasonFor(bytes)).toBe(reason);
  });

  it('never makes the reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 340 }), fc.nat({ max: 60 }), (noise, kept) => {
        const bytes = Buffer.concat([storageRootKey.subarray(0, kept), noise]);
        expect(typeof readTpmStorageKey(bytes).readable).toBe('boolean');
      }),
    );
  });
});

describe('a key bound to its TPM', () => {
  it.each([
    ['the usual storage root key', 0x00030472, true],
    ['one that may leave', 0x00030440, false],
    ['one that may move with its parent', 0x00030462, false],
    ['one that decrypts anything', 0x00020472, false],
  ])('%s: %p %p', (_what, attributes, bound) => {
    expect(isBoundToTpm(keyIn(Buffer.from(new SoftwareTpm(attributes).storageRootKey, 'base64')))).toBe(bound);
  });
});
