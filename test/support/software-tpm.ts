import { KeyObject, constants, createDecipheriv, createHash, createHmac, generateKeyPairSync, privateDecrypt } from 'node:crypto';

const EK_ATTRIBUTES = 0x000300b2;
const SRK_ATTRIBUTES = 0x00030472;
/** PolicySecret(endorsement hierarchy), the policy of the TCG's template for endorsement keys. */
const EK_POLICY = Buffer.from('837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa', 'hex');

/** What a TPM finds in an activation blob, part by part as the client hands them to it. */
export interface ActivationParts {
  readonly credential: Buffer;
  readonly credentialSecret: Buffer;
  readonly duplicate: Buffer;
  readonly duplicateSeed: Buffer;
  readonly publicArea: Buffer;
  readonly encryptedUri: Buffer;
}

export interface ActivatedKey {
  /** The HMAC key. A real TPM keeps it to itself. */
  readonly key: Buffer;
  readonly seedValue: Buffer;
  readonly uri: string;
}

interface StorageKey {
  readonly privateKey: KeyObject;
  /** TPM2B_PUBLIC. */
  readonly public: Buffer;
}

/**
 * The part of a TPM that activation needs, in software, from the receiving side: TPM2_ActivateCredential and TPM2_Import with every
 * check of TPM 2.0 Library Part 1. It shares no code with the part of the product that makes blobs.
 */
export class SoftwareTpm {
  private readonly endorsement = storageKey(EK_ATTRIBUTES, EK_POLICY);
  private readonly storage: StorageKey;

  constructor(storageAttributes = SRK_ATTRIBUTES) {
    this.storage = storageKey(storageAttributes, Buffer.alloc(0));
  }

  /** base64 of TPM2B_PUBLIC. */
  get endorsementKey(): string {
    return this.endorsement.public.toString('base64');
  }

  /** base64 of TPM2B_PUBLIC. */
  get storageRootKey(): string {
    return this.storage.public.toString('base64');
  }

  /** Takes the key in a blob for this TPM out of it. Throws what a TPM would answer when anything in it is not as it must be. */
  activate(blob: Buffer): ActivatedKey {
    const parts = partsOf(blob);
    const innerKey = this.activateCredential(parts.credential, parts.credentialSecret);
    const sensitive = this.import(parts, innerKey);
    const uri = decrypt(innerKey, parts.encryptedUri).toString('utf8').replace(/\0+$/, '');
    return { ...sensitive, uri };
  }

  private activateCredential(credential: Buffer, secret: Buffer): Buffer {
    const seed = openSeed(this.endorsement, 'IDENTITY', secret);
    const name = nameOf(this.storage.public.subarray(2));
    return whole(unprotected(seed, credential, name));
  }

  private import({ duplicate, duplicateSeed, publicArea }: ActivationParts, innerKey: Buffer): Omit<ActivatedKey, 'uri'> {
    const seed = openSeed(this.storage, 'DUPLICATE', duplicateSeed);
    const name = nameOf(publicArea);
    const inner = decrypt(innerKey, unprotected(seed, duplicate, name));
    const [integrity, sensitive] = [first(inner), inner.subarray(2 + first(inner).length)];
    if (!sha256(sensitive, name).equals(integrity)) throw new Error('TPM_RC_INTEGRITY: inner wrapper');
    const content = whole(sensitive);
    if (content.readUInt16BE(0) !== 8) throw new Error('TPM_RC_TYPE');
    const authorization = first(content.subarray(2));
    if (authorization.length > 0) throw new Error('the key has an authorization value');
    const seedValue = first(content.subarray(4));
    const key = whole(content.subarray(6 + seedValue.length));
    const unique = publicArea.subarray(publicArea.length - 32);
    if (!sha256(seedValue, key).equals(unique)) throw new Error('TPM_RC_BINDING');
    return { key, seedValue };
  }
}

/** The six parts, each with its length in front; throws when bytes are missing or left over. */
export function partsOf(blob: Buffer): ActivationParts {
  const parts: Buffer[] = [];
  let rest = blob;
  while (rest.length > 0) {
    const part = first(rest);
    parts.push(part);
    rest = rest.subarray(2 + part.length);
  }
  const [credential, credentialSecret, duplicate, duplicateSeed, publicArea, encryptedUri] = parts;
  if (
    credential === undefined ||
    credentialSecret === undefined ||
    duplicate === undefined ||
    duplicateSeed === undefined ||
    publicArea === undefined ||
    encryptedUri === undefined ||
    parts.length > 6
  ) {
    throw new Error(`TPM_RC_SIZE: ${parts.length} parts`);
  }
  return { credential, credentialSecret, duplicate, duplicateSeed, publicArea, encryptedUri };
}

/** KDFa for any length, as the specification writes it. */
export function kdfaOf(key: Buffer, label: string, contextU: Buffer, contextV: Buffer, bits: number): Buffer {
  let stream = Buffer.alloc(0);
  for (let counter = 1; stream.length * 8 < bits; counter++) {
    const hmac = createHmac('sha256', key);
    hmac
      .update(Buffer.from([0, 0, 0, counter]))
      .update(label, 'latin1')
      .update(Buffer.of(0));
    hmac
      .update(contextU)
      .update(contextV)
      .update(Buffer.from(bits.toString(16).padStart(8, '0'), 'hex'));
    stream = Buffer.concat([stream, hmac.digest()]);
  }
  return stream.subarray(0, bits / 8);
}

function unprotected(seed: Buffer, wrapped: Buffer, name: Buffer): Buffer {
  const integrity = first(wrapped);
  const ciphertext = wrapped.subarray(2 + integrity.length);
  const none = Buffer.alloc(0);
  const hmac = createHmac('sha256', kdfaOf(seed, 'INTEGRITY', none, none, 256));
  if (
    !hmac
      .update(Buffer.concat([ciphertext, name]))
      .digest()
      .equals(integrity)
  )
    throw new Error('TPM_RC_INTEGRITY');
  return decrypt(kdfaOf(seed, 'STORAGE', name, none, 128), ciphertext);
}

function openSeed({ privateKey }: StorageKey, label: string, secret: Buffer): Buffer {
  const oaepLabel = Buffer.from([...Buffer.from(label, 'latin1'), 0]);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return privateDecrypt({ key: privateKey, padding, oaepHash: 'sha256', oaepLabel }, secret);
}

function decrypt(key: Buffer, ciphertext: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-cfb', key, Buffer.alloc(16, 0));
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

/** The content of the TPM2B at the beginning. */
function first(bytes: Buffer): Buffer {
  const end = 2 + bytes.readUInt16BE(0);
  if (end > bytes.length) throw new Error('TPM_RC_INSUFFICIENT');
  return bytes.subarray(2, end);
}

/** The content of a TPM2B that is all there is. */
function whole(bytes: Buffer): Buffer {
  const content = first(bytes);
  if (content.length + 2 !== bytes.length) throw new Error('TPM_RC_SIZE');
  return content;
}

function sha256(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

function nameOf(publicArea: Buffer): Buffer {
  return Buffer.concat([Buffer.from('000b', 'hex'), sha256(publicArea)]);
}

function storageKey(attributes: number, policy: Buffer): StorageKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const publicArea = Buffer.from(
    `0001000b${hex(attributes, 8)}${hex(policy.length, 4)}${policy.toString('hex')}` +
      `00060080004300100800000000000100${modulus.toString('hex')}`,
    'hex',
  );
  return { privateKey, public: Buffer.from(hex(publicArea.length, 4) + publicArea.toString('hex'), 'hex') };
}
