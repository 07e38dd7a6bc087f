import type { SessionRequest } from '../operators/session-access';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a page of this very host sent the request. What changes something must say so by its `Origin`; for the rest it is enough
 * that the browser does not say otherwise.
 */
export function isFromHere(method: string, headers: SessionRequest['headers']): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const { origin, host } = headers;
  if (origin === undefined) return READING.has(method.toUpperCase());
  return host !== undefined && origin.toLowerCase() === `https://${host.toLowerCase()}`;
}
