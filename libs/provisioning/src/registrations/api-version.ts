/** Every device api-version a client is known to send, oldest first (wire contract §1.3). */
export const deviceApiVersions = [
  '2017-08-31-preview',
  '2017-11-15',
  '2018-04-01',
  '2018-09-01-preview',
  '2018-11-01',
  '2019-01-15',
  '2019-03-31',
  '2019-04-15',
  '2021-06-01',
  '2021-10-01',
  '2021-11-01-preview',
  '2025-07-01-preview',
  '2026-11-01',
  '2026-11-02-preview',
  '2026-11-15-preview',
] as const;

/** The last version before devices knew of reprovisioning. */
const LAST_LEGACY = '2018-04-01';
/** The first version that knows the substatus `reprovisionedToInitialAssignment`. */
const FIRST_WITH_REPROVISIONED_SUBSTATUS = '2019-04-15';

const known: ReadonlySet<string> = new Set(deviceApiVersions);

export function isDeviceApiVersion(version: string): boolean {
  return known.has(version.toLowerCase());
}

/** Negative, zero or positive; a `-preview` ranks just below the plain date it names. */
export function compareApiVersions(a: string, b: string): number {
  return rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0;
}

export function isLegacyApiVersion(version: string): boolean {
  return compareApiVersions(version, LAST_LEGACY) <= 0;
}

export function knowsReprovisionedSubstatus(version: string): boolean {
  return compareApiVersions(version, FIRST_WITH_REPROVISIONED_SUBSTATUS) >= 0;
}

/** `2018-09-01-preview` → `2018-09-01 0`, `2018-09-01` → `2018-09-01 1`: text order is version order. */
function rank(version: string): string {
  return `${version.slice(0, 10)} ${version.length > 10 ? 0 : 1}`;
}
