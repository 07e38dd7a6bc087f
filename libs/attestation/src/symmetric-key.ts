import { createHmac, randomBytes } from 'node:crypto';
import { hasExpired, isSignedBy, KeyName, KeyPair, parseSasToken, SasToken, SasVerdict, signingKey } from './sas';

export const SYMMETRIC_KEY_BYTES_MIN = 16;
export const SYMMETRIC_KEY_BYTES_MAX = 64;
const GENERATED_KEY_BYTES = 64;

/** The key name that device tokens carry. */
const DEVICE_KEY_NAME = 'registration';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SYMMETRIC_KEY_CHARACTERS_MAX = 4 * Math.ceil(SYMMETRIC_KEY_BYTES_MAX / 3);

/** base64 of 64 random bytes. */
export function generateSymmetricKey(): string {
  return randomBytes(GENERATED_KEY_BYTES).toString('base64');
}

/** The bytes of a key given as padded base64 of 16 to 64 bytes; undefined for anything else. */
export function decodeSymmetricKey(text: string): Buffer | undefined {
  if (text.length > SYMMETRIC_KEY_CHARACTERS_MAX || !BASE64.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length >= SYMMETRIC_KEY_BYTES_MIN && key.length <= SYMMETRIC_KEY_BYTES_MAX ? key : undefined;
}

/**
 * The 32-byte key of one device of a group: HMAC-SHA256 of its registration id under the group's key. The id counts as the device
 * writes it, case included, because the device computes the same.
 */
export function deriveDeviceKey(groupKey: Buffer, registrationId: string): Buffer {
  return createHmac('sha256', groupKey).update(registrationId, 'utf8').digest();
}

export interface DeviceTokenClaims {
  readonly idScope: string;
  /** As presented in the request. */
  readonly registrationId: string;
  readonly now: Date;
}

/** A device's token that is for this scope and id and has not expired; whether a known key signed it is still open. */
export type DeviceTokenReading =
  | { readonly readable: true; readonly token: SasToken }
  /** `reason` is for the log only. */
  | { readonly readable: false; readonly reason: string };

/**
 * Everything about a device's `Authorization` that needs no key, done once however many keys are tried: form, resource
 * `{scope}/registrations/{id}` without regard to case, key name (`registration`, or none) and expiry.
 */
export function readDeviceToken(
  authorization: string | undefined,
  { idScope, registrationId, now }: DeviceTokenClaims,
): DeviceTokenReading {
  if (authorization === undefined) return { readable: false, reason: 'no Authorization header' };
  const result = parseSasToken(authorization);
  if (!result.parsed) return { readable: false, reason: result.reason };
  const { token } = result;
  if (token.resource.toLowerCase() !== `${idScope}/registrations/${registrationId}`.toLowerCase()) {
    return { readable: false, reason: 'the token is for another scope or registration id' };
  }
  if (token.keyName !== '' && token.keyName !== DEVICE_KEY_NAME) {
    return { readable: false, reason: 'the token names another key than "registration"' };
  }
  if (hasExpired(token, now)) return { readable: false, reason: `the token expired at ${token.signedExpiry}` };
  return { readable: true, token };
}

/** Which of an individual enrollment's keys signed; undefined when neither did. */
export function matchIndividualKeys(token: SasToken, keys: KeyPair): KeyName | undefined {
  return signingKey(token, keys);
}

/** Which of a group's keys the device's key was derived from; undefined when neither. The group's key itself does not count. */
export function matchGroupKeys(token: SasToken, groupKeys: KeyPair, registrationId: string): KeyName | undefined {
  if (isSignedBy(token, deriveDeviceKey(groupKeys.primary, registrationId))) return 'primary';
  const { secondary } = groupKeys;
  if (secondary !== undefined && isSignedBy(token, deriveDeviceKey(secondary, registrationId))) return 'secondary';
  return undefined;
}

export interface DeviceTokenVerification extends DeviceTokenClaims {
  readonly authorization: string | undefined;
  readonly kind: 'individual' | 'group';
  readonly keys: KeyPair;
}

/** A device's token against the keys of one enrollment: its own keys, or those derived from the group's. */
export function verifyDeviceToken({ authorization, kind, keys, ...claims }: DeviceTokenVerification): SasVerdict {
  const reading = readDeviceToken(authorization, claims);
  if (!reading.readable) return { valid: false, reason: reading.reason };
  const { token } = reading;
  const key = kind === 'individual' ? matchIndividualKeys(token, keys) : matchGroupKeys(token, keys, claims.registrationId);
  if (key === undefined) return { valid: false, reason: `the signature fits neither key of the ${kind} enrollment` };
  return { valid: true, key, expiresAtMs: token.expiresAtMs };
}
