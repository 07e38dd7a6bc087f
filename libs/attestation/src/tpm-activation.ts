import { createHash, randomBytes } from 'node:crypto';
import { TpmStorageKey } from './tpm-public';
import { aes128Cfb, protect } from './tpm-protection';
import { TPM_ALG, TPMA_OBJECT, nameOf, sized, u16, u32 } from './tpm-structures';

export const TPM_ACTIVATED_KEY_BYTES = 32;
export const ACTIVATION_BLOB_BYTES = 920;

const INNER_KEY_BYTES = 16;
const SEED_VALUE_BYTES = 32;
const URI_DATA_BYTES = 154;

export interface Activation {
  readonly endorsementKey: TpmStorageKey;
  readonly storageRootKey: TpmStorageKey;
  /** The HMAC-SHA256 key to hand over; 32 bytes. */
  readonly key: Buffer;
  /** What the key is for. Clients carry it along and make nothing of it; bytes that do not fit are left out. */
  readonly uri: string;
}

/**
 * The activation blob of the wire contract, §3.4: an HMAC key as an object duplicated under the storage root key, wrapped in a key
 * that only the TPM with both the endorsement key and that very storage root key gives out (TPM2_ActivateCredential). Always 920
 * bytes; a new one each time, because everything but `key` is chosen at random.
 */
export function buildActivationBlob({ endorsementKey, storageRootKey, key, uri }: Activation): Buffer {
  if (key.length !== TPM_ACTIVATED_KEY_BYTES) {
    throw new RangeError(`the key has ${key.length} bytes, not ${TPM_ACTIVATED_KEY_BYTES}`);
  }
  const innerKey = randomBytes(INNER_KEY_BYTES);
  const seedValue = randomBytes(SEED_VALUE_BYTES);
  const publicArea = hmacKeyPublicArea(createHash('sha256').update(seedValue).update(key).digest());
  const name = nameOf(publicArea);
  const duplicate = protect(
    storageRootKey.publicKey,
    'DUPLICATE',
    innerWrap(innerKey, sensitiveArea(seedValue, key), name),
    name,
  );
  const credential = protect(endorsementKey.publicKey, 'IDENTITY', sized(innerKey), storageRootKey.name);
  return Buffer.concat([
    sized(credential.wrapped),
    sized(credential.encryptedSeed),
    sized(duplicate.wrapped),
    sized(duplicate.encryptedSeed),
    sized(publicArea),
    sized(aes128Cfb(innerKey, uriData(uri))),
  ]);
}

/** TPMT_PUBLIC of an unrestricted HMAC-SHA256 key without a policy. */
function hmacKeyPublicArea(unique: Buffer): Buffer {
  const attributes = TPMA_OBJECT.sign | TPMA_OBJECT.noDictionaryAttack | TPMA_OBJECT.userWithAuth;
  const noPolicy = sized(Buffer.alloc(0));
  const scheme = [u16(TPM_ALG.HMAC), u16(TPM_ALG.SHA256)];
  return Buffer.concat([u16(TPM_ALG.KEYEDHASH), u16(TPM_ALG.SHA256), u32(attributes), noPolicy, ...scheme, sized(unique)]);
}

/** TPM2B_SENSITIVE of a key without an authorization value. */
function sensitiveArea(seedValue: Buffer, key: Buffer): Buffer {
  return sized(Buffer.concat([u16(TPM_ALG.KEYEDHASH), sized(Buffer.alloc(0)), sized(seedValue), sized(key)]));
}

function innerWrap(innerKey: Buffer, sensitive: Buffer, name: Buffer): Buffer {
  const integrity = createHash('sha256').update(sensitive).update(name).digest();
  return aes128Cfb(innerKey, Buffer.concat([sized(integrity), sensitive]));
}

function uriData(uri: string): Buffer {
  const bytes = Buffer.alloc(URI_DATA_BYTES);
  bytes.write(uri, 'utf8');
  return bytes;
}
