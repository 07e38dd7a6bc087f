import { X509Certificate } from 'node:crypto';
import { CertificateInfo } from '../shared/shapes';

/** Longest certificate taken, in any encoding; usual ones have 1 to 3 KB. */
export const CERTIFICATE_CHARACTERS_MAX = 32_768;

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** PEM text, base64 of PEM text, or base64 of DER (wire contract §3.3); undefined for anything else. */
export function readCertificate(text: string): X509Certificate | undefined {
  if (text.length > CERTIFICATE_CHARACTERS_MAX) return undefined;
  const pem = PEM.exec(text)?.[0] ?? (BASE64.test(text) ? Buffer.from(text, 'base64') : undefined);
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(typeof pem === 'string' ? pem : (PEM.exec(pem.toString('latin1'))?.[0] ?? pem));
  } catch {
    return undefined;
  }
}

export function certificateInfo(certificate: X509Certificate): CertificateInfo {
  return {
    subjectName: distinguishedName(certificate.subject),
    sha1Thumbprint: certificate.fingerprint.replaceAll(':', ''),
    sha256Thumbprint: certificate.fingerprint256.replaceAll(':', ''),
    issuerName: distinguishedName(certificate.issuer),
    notBeforeUtc: new Date(certificate.validFrom).toISOString(),
    notAfterUtc: new Date(certificate.validTo).toISOString(),
    serialNumber: certificate.serialNumber,
    version: versionOf(certificate.raw),
  };
}

/** As clients know it: most specific part first, separated by commas. Node gives one part a line, the other way round. */
function distinguishedName(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(', ');
}

const CONTEXT_0 = 0xa0;

/** Version from the DER: the first member of the inner sequence when it is tagged [0], counted from 0; otherwise 1. */
function versionOf(der: Buffer): number {
  const certificate = contentStart(der, 0);
  const toBeSigned = contentStart(der, certificate);
  if (der[toBeSigned] !== CONTEXT_0) return 1;
  const integer = contentStart(der, toBeSigned);
  return (der[contentStart(der, integer)] ?? 0) + 1;
}

/** Where the content of the DER element at `offset` begins: after the tag and a length of one or more bytes. */
function contentStart(der: Buffer, offset: number): number {
  const length = der[offset + 1] ?? 0;
  return offset + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
