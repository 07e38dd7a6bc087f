import { createHmac } from 'node:crypto';
import { usageError } from '../exit-codes';

const LIFETIME_S = 3_600;

/** A shared access signature over a resource. `key` in base64; `keyName` for a policy. */
export function sasToken(resource: string, key: string, keyName?: string, nowMs = Date.now()): string {
  const sr = encodeURIComponent(resource);
  const se = Math.floor(nowMs / 1_000) + LIFETIME_S;
  const sig = encodeURIComponent(hmac(key, `${sr}\n${se}`));
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}${keyName === undefined ? '' : `&skn=${encodeURIComponent(keyName)}`}`;
}

/** The token that a connection string of the service stands for. Error: usage. */
export function serviceToken(connectionString: string): string {
  const parts = new Map(
    connectionString.split(';').map((part) => {
      const equals = part.indexOf('=');
      return [part.slice(0, equals), part.slice(equals + 1)] as const;
    }),
  );
  const [host, name, key] = ['HostName', 'SharedAccessKeyName', 'SharedAccessKey'].map((part) => parts.get(part));
  if (host === undefined || name === undefined || key === undefined) {
    throw usageError('a connection string has HostName, SharedAccessKeyName and SharedAccessKey');
  }
  return sasToken(host, key, name);
}

/** The key of one device of a group: HMAC-SHA-256 of its id as the device writes it, case included, as the service counts it. Base64. */
export function deviceKey(groupKey: string, registrationId: string): string {
  return hmac(groupKey, registrationId);
}

function hmac(key: string, text: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
}
