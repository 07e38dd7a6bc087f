import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'rehome-signature';

/**
 * `t={seconds since 1970},v1={hexadecimal HMAC-SHA256 of "{t}.{body}" under the webhook's secret}`. The time is signed as well, so that a
 * receiver can refuse what somebody recorded and sends again later.
 */
export function signatureOf(secret: string, body: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1_000).toString();
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`, 'utf8').digest('hex')}`;
}
