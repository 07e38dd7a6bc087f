import { decodeSymmetricKey } from '@app/attestation';

/** Longest connection string looked at, in characters. */
const CONNECTION_STRING_CHARACTERS_MAX = 1024;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const POLICY_NAME_CHARACTERS_MAX = 64;

export interface ConnectionString {
  /** Lower case. */
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  /** The decoded key: 16 to 64 bytes. */
  readonly sharedAccessKey: Buffer;
}

/** The text is no connection string; `message` says which part is wrong and quotes none of it. */
export class InvalidConnectionString extends Error {
  constructor(problem: string) {
    super(`the connection string ${problem}`);
    this.name = 'InvalidConnectionString';
  }
}

const known = ['hostname', 'sharedaccesskeyname', 'sharedaccesskey'] as const;

/**
 * Reads `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`: parts in any order, names in any case, a closing semicolon allowed.
 * Errors: `InvalidConnectionString`.
 */
export function parseConnectionString(text: string): ConnectionString {
  if (text.length > CONNECTION_STRING_CHARACTERS_MAX) throw new InvalidConnectionString('is too long');
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    const name = known.find((candidate) => candidate === part.slice(0, equals).trim().toLowerCase());
    if (equals < 0 || name === undefined) {
      throw new InvalidConnectionString('holds a part that is none of HostName, SharedAccessKeyName and SharedAccessKey');
    }
    if (parts.has(name)) throw new InvalidConnectionString('holds a part twice');
    parts.set(name, part.slice(equals + 1).trim());
  }
  const hostName = parts.get('hostname')?.toLowerCase();
  if (hostName === undefined || !HOST_NAME.test(hostName)) throw new InvalidConnectionString('holds no valid HostName');
  const sharedAccessKeyName = parts.get('sharedaccesskeyname') ?? '';
  if (sharedAccessKeyName === '' || sharedAccessKeyName.length > POLICY_NAME_CHARACTERS_MAX) {
    throw new InvalidConnectionString('holds no valid SharedAccessKeyName');
  }
  const sharedAccessKey = decodeSymmetricKey(parts.get('sharedaccesskey') ?? '');
  if (sharedAccessKey === undefined) {
    throw new InvalidConnectionString('holds no SharedAccessKey that is the base64 of 16 to 64 bytes');
  }
  return { hostName, sharedAccessKeyName, sharedAccessKey };
}
