import { SoftwareTpm, kdfaOf, partsOf } from '@test/support/software-tpm';
import { ACTIVATION_BLOB_BYTES, buildActivationBlob } from './tpm-activation';
import { kdfa } from './tpm-protection';
import { TpmStorageKey, readTpmStorageKey } from './tpm-public';

const tpm = new SoftwareTpm();
const other = new SoftwareTpm();
const key = Buffer.from('0123456789abcdef0123456789abcdef');
const uri = '0ne00000001/registrations/dev-1';

function read(publicArea: string): TpmStorageKey {
  const reading = readTpmStorageKey(Buffer.from(publicArea, 'base64'));
  if (!reading.readable) throw new Error(reading.reason);
  return reading.key;
}

function blobFor({ endorsementKey, storageRootKey }: { endorsementKey: string; storageRootKey: string }, text = uri): Buffer {
  return buildActivationBlob({ endorsementKey: read(endorsementKey), storageRootKey: read(storageRootKey), key, uri: text });
}

describe('an activation blob', () => {
  it('has the parts of the contract, every byte accounted for', () => {
    const blob = blobFor(tpm);
    expect(blob).toHaveLength(ACTIVATION_BLOB_BYTES);
    const parts = partsOf(blob);
    const lengths = Object.values(parts).map((part: Buffer) => part.length);
    expect(lengths).toEqual([52, 256, 142, 256, 48, 154]);
    const { credential, duplicate, publicArea } = parts;
    expect(credential.readUInt16BE(0)).toBe(32);
    expect(duplicate.readUInt16BE(0)).toBe(32);
    // Type, name algorithm, attributes, no policy, scheme and hash, length of unique.
    expect(publicArea.subarray(0, 16).toString('hex')).toBe('0008000b0004044000000005000b0020');
  });

  it('gives the key to the TPM it is for', () => {
    expect(tpm.activate(blobFor(tpm))).toMatchObject({ key, uri });
  });

  it('is another one each time and holds the same key', () => {
    const [a, b] = [blobFor(tpm), blobFor(tpm)];
    expect(a.equals(b)).toBe(false);
    expect(tpm.activate(a).seedValue.equals(tpm.activate(b).seedValue)).toBe(false);
    expect(tpm.activate(a).key.equals(tpm.activate(b).key)).toBe(true);
  });

  it('gives nothing to another TPM', () => {
    expect(() => other.activate(blobFor(tpm))).toThrow();
  });

  it('gives nothing to a TPM with only one of the two keys', () => {
    const { endorsementKey } = tpm;
    const { storageRootKey } = other;
    expect(() => tpm.activate(blobFor({ endorsementKey, storageRootKey }))).toThrow('TPM_RC_INTEGRITY');
    expect(() => other.activate(blobFor({ endorsementKey, storageRootKey }))).toThrow();
  });

  it.each([
    ['the credential', 2],
    ['the wrapped inner key', 2 + 34],
    ['the duplicate', 2 + 52 + 2 + 256 + 2 + 40],
    ['the public area', 2 + 52 + 2 + 256 + 2 + 142 + 2 + 256 + 2 + 20],
  ])('is refused by the TPM when a bit of %s is another', (_part, offset) => {
    const blob = blobFor(tpm);
    blob.writeUInt8(blob.readUInt8(offset) ^ 1, offset);
    expect(() => tpm.activate(blob)).toThrow();
  });

  it('keeps its length whatever it is for', () => {
    const blob = blobFor(tpm, 'a'.repeat(500));
    expect(blob).toHaveLength(ACTIVATION_BLOB_BYTES);
    expect(tpm.activate(blob).uri).toBe('a'.repeat(154));
  });

  it('is not made for a key of another length', () => {
    const keys = { endorsementKey: read(tpm.endorsementKey), storageRootKey: read(tpm.storageRootKey) };
    expect(() => buildActivationBlob({ ...keys, key: Buffer.alloc(16), uri })).toThrow(RangeError);
  });
});

describe('KDFa', () => {
  const name = Buffer.from('000b'.padEnd(68, '5a'), 'hex');

  // Computed with the HMAC of Python's standard library from the formula of TPM 2.0 Library Part 1, 11.4.10.2.
  it.each([
    ['STORAGE', name, 128, 'a12535992cf46af6a2af1bd9022805b8'],
    ['INTEGRITY', Buffer.alloc(0), 256, 'fabfcfb6860ee3044b7a8ea6991578223be9ebb5f2a9c05b5dd965020e0f4f19'],
  ] as const)('of %s is the known one', (label, context, bits, expected) => {
    expect(kdfa(key, label, context, bits).toString('hex')).toBe(expected);
    expect(kdfaOf(key, label, context, Buffer.alloc(0), bits).toString('hex')).toBe(expected);
  });
});
