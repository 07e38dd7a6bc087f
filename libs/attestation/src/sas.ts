import { createHmac, timingSafeEqual } from 'node:crypto';

/** Longest `Authorization` header looked at, in characters; tokens of real clients have about 250. */
export const SAS_TOKEN_CHARACTERS_MAX = 4096;
/** How far the clocks of client and server may be apart. */
export const CLOCK_SKEW_MS = 300_000;

const SCHEME = 'SharedAccessSignature';
const HMAC_SHA256_BYTES = 32;
/** Unix seconds of the years up to 5138; more digits are no date. */
const EXPIRY = /^\d{1,11}$/;
/** The last character carries four bits; the other two are zero, so that a signature has one spelling only. */
const SIGNATURE = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const PRINTABLE = /^[\x21-\x7e]+$/;

/** A token taken apart; nothing of it is proven yet. */
export interface SasToken {
  /** `sr` as received: the signature is over these very characters, and clients differ in what they encode. */
  readonly signedResource: string;
  /** `sr` percent-decoded once. */
  readonly resource: string;
  /** `se` as received: Unix seconds. */
  readonly signedExpiry: string;
  readonly expiresAtMs: number;
  /** `skn` percent-decoded; empty when the token names no key. */
  readonly keyName: string;
  /** 32 bytes. */
  readonly signature: Buffer;
}

/** What comes of reading a token. `reason` is for the log only: it quotes nothing that is secret, and the client gets none of it. */
export type ParsedSasToken =
  { readonly parsed: true; readonly token: SasToken } | { readonly parsed: false; readonly reason: string };

const fieldNames = ['sr', 'sig', 'se', 'skn'] as const;
type Fields = Partial<Record<(typeof fieldNames)[number], string>>;

/**
 * Reads `SharedAccessSignature sr=…&sig=…&se=…&skn=…`: fields in any order, each once, `skn` optional, nothing else. The scheme's
 * case does not matter.
 */
export function parseSasToken(text: string): ParsedSasToken {
  if (text.length > SAS_TOKEN_CHARACTERS_MAX) return unreadable('the token is too long');
  const { scheme, credentials } = splitAuthorization(text);
  if (scheme.toLowerCase() !== SCHEME.toLowerCase()) return unreadable('not a SharedAccessSignature');
  if (!PRINTABLE.test(credentials)) return unreadable('the token holds characters that no token has');
  const fields: Fields = {};
  for (const field of credentials.split('&', fieldNames.length + 1)) {
    const equals = field.indexOf('=');
    const name = fieldNames.find((known) => known === field.slice(0, equals));
    if (equals < 0 || name === undefined) return unreadable('the token holds a field that no token has');
    if (fields[name] !== undefined) return unreadable(`the token holds ${name} twice`);
    fields[name] = field.slice(equals + 1);
  }
  return tokenOf(fields);
}

function tokenOf({ sr, sig, se, skn }: Fields): ParsedSasToken {
  if (sr === undefined || sr === '') return unreadable('the token holds no sr');
  if (sig === undefined) return unreadable('the token holds no sig');
  if (se === undefined || !EXPIRY.test(se)) return unreadable('the token holds no se in Unix seconds');
  const resource = percentDecoded(sr);
  if (resource === undefined) return unreadable('sr is badly encoded');
  const signature = percentDecoded(sig);
  if (signature === undefined || !SIGNATURE.test(signature)) return unreadable('sig is not the base64 of 32 bytes');
  const keyName = percentDecoded(skn ?? '');
  if (keyName === undefined) return unreadable('skn is badly encoded');
  return {
    parsed: true,
    token: {
      signedResource: sr,
      resource,
      signedExpiry: se,
      expiresAtMs: Number(se) * 1000,
      keyName,
      signature: Buffer.from(signature, 'base64'),
    },
  };
}

/** The scheme of an `Authorization` header and what follows it (RFC 7235 §2.1: one or more spaces between). */
export function splitAuthorization(text: string): { readonly scheme: string; readonly credentials: string } {
  const space = text.indexOf(' ');
  if (space < 0) return { scheme: text, credentials: '' };
  return { scheme: text.slice(0, space), credentials: text.slice(space + 1).trim() };
}

/** Decoded key bytes; the secondary may be left out. */
export interface KeyPair {
  readonly primary: Buffer;
  readonly secondary?: Buffer | undefined;
}
export type KeyName = 'primary' | 'secondary';

export type SasVerdict =
  | { readonly valid: true; readonly key: KeyName; readonly expiresAtMs: number }
  /** `reason` is for the log only. */
  | { readonly valid: false; readonly reason: string };

export interface SasVerification {
  readonly token: SasToken;
  /** Judges the decoded `sr`. */
  readonly covers: (resource: string) => boolean;
  readonly keys: KeyPair;
  readonly now: Date;
  readonly skewMs?: number;
}

/** Whether a token covers the resource, has not expired and is signed by one of two keys, primary tried first. */
export function verifySasToken({ token, covers, keys, now, skewMs = CLOCK_SKEW_MS }: SasVerification): SasVerdict {
  if (!covers(token.resource)) return { valid: false, reason: 'the token is for another resource' };
  if (hasExpired(token, now, skewMs)) return { valid: false, reason: `the token expired at ${token.signedExpiry}` };
  const key = signingKey(token, keys);
  if (key === undefined) return { valid: false, reason: 'the signature fits neither key' };
  return { valid: true, key, expiresAtMs: token.expiresAtMs };
}

export function hasExpired(token: SasToken, now: Date, skewMs: number = CLOCK_SKEW_MS): boolean {
  return token.expiresAtMs + skewMs <= now.getTime();
}

/** Which of two keys signed the token; undefined when neither did. Signatures are compared in constant time. */
export function signingKey(token: SasToken, keys: KeyPair): KeyName | undefined {
  if (isSignedBy(token, keys.primary)) return 'primary';
  if (keys.secondary !== undefined && isSignedBy(token, keys.secondary)) return 'secondary';
  return undefined;
}

export function isSignedBy(token: SasToken, key: Buffer): boolean {
  const expected = hmacOf(key, token.signedResource, token.signedExpiry);
  return token.signature.length === HMAC_SHA256_BYTES && timingSafeEqual(expected, token.signature);
}

export interface SasTokenToCreate {
  /** Unencoded, such as a host name or `{host}/devices/{deviceId}`; sent and signed percent-encoded. */
  readonly resource: string;
  readonly key: Buffer;
  /** Left out of the token when absent, as devices at a hub do. */
  readonly keyName?: string;
  readonly expiresAt: Date;
}

/** The value of an `Authorization` header. */
export function createSasToken({ resource, key, keyName, expiresAt }: SasTokenToCreate): string {
  const signedResource = encodeURIComponent(resource);
  const signedExpiry = String(Math.ceil(expiresAt.getTime() / 1000));
  const signature = encodeURIComponent(hmacOf(key, signedResource, signedExpiry).toString('base64'));
  const named = keyName === undefined ? '' : `&skn=${encodeURIComponent(keyName)}`;
  return `${SCHEME} sr=${signedResource}&sig=${signature}&se=${signedExpiry}${named}`;
}

/** The bytes a signature holds: HMAC-SHA256 over `{sr}\n{se}`, both as they stand in the token. */
export function hmacOf(key: Buffer, signedResource: string, signedExpiry: string): Buffer {
  return createHmac('sha256', key).update(`${signedResource}\n${signedExpiry}`, 'utf8').digest();
}

function percentDecoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function unreadable(reason: string): ParsedSasToken {
  return { parsed: false, reason };
}
