const trustErrors = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
];

/** Why a connection could not be made, in words; `place` says to what. */
export function unreachable(place: string, { code = '', message }: NodeJS.ErrnoException): string {
  const hint = trustErrors.includes(code) ? '; name its certificate authority with --ca-file' : '';
  // An attempt at several addresses fails with a code alone.
  return `${place} cannot be reached: ${message || code || 'unknown'}${hint}`;
}
