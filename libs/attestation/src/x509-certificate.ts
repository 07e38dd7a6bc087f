import { X509Certificate } from 'node:crypto';
import { DerElement, InvalidDer, derTag, membersOf, oidText, readDer } from './x509-der';

/** Longest certificate looked at; usual ones have 1 to 3 KB. */
export const CERTIFICATE_BYTES_MAX = 16_384;

/** What deciding about a certificate needs of it. Nothing of it is proven by reading it. */
export interface DeviceCertificate {
  readonly x509: X509Certificate;
  /** Lower-case hexadecimal SHA-256 of the DER: what the certificate is known by. */
  readonly fingerprint: string;
  /** The subject's common names, as a text each. */
  readonly commonNames: readonly string[];
  /** Names in DER; they are equal exactly when their bytes are. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Object identifier of the algorithm its issuer signed it with; for RSA-PSS followed by a space and that of its digest. */
  readonly signatureAlgorithm: string;
  /** basicConstraints; `pathLength` is null where it sets no limit. */
  readonly authority: { readonly isAuthority: boolean; readonly pathLength: number | null };
  /** False only where a keyUsage extension is there and does not allow it. */
  readonly maySignCertificates: boolean;
  /** Critical extensions that nothing here understands. */
  readonly unknownCritical: readonly string[];
}

const RSA_PSS = '1.2.840.113549.1.1.10';
const SHA1 = '1.3.14.3.2.26';
const COMMON_NAME = '2.5.4.3';
const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
/** Understood, or of no consequence for who a device is: names, key identifiers, policies, extended key usage. */
const HARMLESS = new Set(['2.5.29.14', '2.5.29.17', '2.5.29.18', '2.5.29.32', '2.5.29.35', '2.5.29.37']);
/** Bit 5 of keyUsage, counted from the first. */
const KEY_CERT_SIGN = 0x04;

/** Reads a certificate in DER; undefined for anything else, also for one over `CERTIFICATE_BYTES_MAX`. */
export function readDeviceCertificate(der: Buffer): DeviceCertificate | undefined {
  if (der.length > CERTIFICATE_BYTES_MAX) return undefined;
  try {
    return describe(new X509Certificate(der));
  } catch {
    return undefined;
  }
}

/** The same for one that is parsed already. Error: `InvalidDer`. */
export function describe(x509: X509Certificate): DeviceCertificate {
  const [toBeSigned, algorithm] = membersOf(readDer(x509.raw)[0], derTag.sequence);
  const members = membersOf(toBeSigned, derTag.sequence);
  // The version is left out in certificates of version 1.
  const fields = members[0]?.tag === derTag.context0 ? members.slice(1) : members;
  const [, , issuer, , subject] = fields;
  if (issuer === undefined || subject === undefined) throw new InvalidDer('a certificate without its names');
  const extensions = extensionsOf(fields);
  return {
    x509,
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    commonNames: commonNamesIn(subject),
    subject: subject.whole.toString('base64'),
    issuer: issuer.whole.toString('base64'),
    notBeforeMs: Date.parse(x509.validFrom),
    notAfterMs: Date.parse(x509.validTo),
    signatureAlgorithm: signatureAlgorithmIn(membersOf(algorithm, derTag.sequence)),
    authority: authorityIn(extensions.get(BASIC_CONSTRAINTS)),
    maySignCertificates: maySign(extensions.get(KEY_USAGE)),
    unknownCritical: [...extensions].filter(([oid, { critical }]) => critical && !isKnown(oid)).map(([oid]) => oid),
  };
}

/** RSA-PSS names its digest among its parameters, SHA-1 where it names none. */
function signatureAlgorithmIn([type, parameters]: readonly DerElement[]): string {
  const algorithm = oidOf(type);
  if (algorithm !== RSA_PSS) return algorithm;
  const named = parameters === undefined ? undefined : membersOf(parameters, derTag.sequence).find(isContext0);
  const digest = named === undefined ? SHA1 : oidOf(membersOf(readDer(named.content)[0], derTag.sequence)[0]);
  return `${algorithm} ${digest}`;
}

function isContext0({ tag }: DerElement): boolean {
  return tag === derTag.context0;
}

interface Extension {
  readonly critical: boolean;
  readonly value: Buffer;
}

function extensionsOf(fields: readonly DerElement[]): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  const holder = fields.find(({ tag }) => tag === derTag.context3);
  if (holder === undefined) return extensions;
  for (const element of membersOf(readDer(holder.content)[0], derTag.sequence)) {
    const parts = membersOf(element, derTag.sequence);
    const oid = oidOf(parts[0]);
    if (extensions.has(oid)) throw new InvalidDer(`extension ${oid} comes twice`);
    const critical = parts[1]?.tag === derTag.boolean && parts[1].content[0] !== 0;
    const value = parts.at(-1);
    if (value?.tag !== derTag.octetString) throw new InvalidDer('an extension without a value');
    extensions.set(oid, { critical, value: value.content });
  }
  return extensions;
}

function isKnown(oid: string): boolean {
  return oid === KEY_USAGE || oid === BASIC_CONSTRAINTS || HARMLESS.has(oid);
}

function authorityIn(extension: Extension | undefined): DeviceCertificate['authority'] {
  if (extension === undefined) return { isAuthority: false, pathLength: null };
  const parts = membersOf(readDer(extension.value)[0], derTag.sequence);
  const isAuthority = parts[0]?.tag === derTag.boolean && parts[0].content[0] !== 0;
  const limit = parts.find(({ tag }) => tag === derTag.integer);
  return { isAuthority, pathLength: limit === undefined ? null : smallInteger(limit) };
}

/** Longer than one byte, or negative: no certificate has that; the strictest reading is zero intermediates. */
function smallInteger({ content }: DerElement): number {
  const value = content.length === 1 ? content.readInt8(0) : 0;
  return Math.max(value, 0);
}

function maySign(extension: Extension | undefined): boolean {
  if (extension === undefined) return true;
  const [bits] = readDer(extension.value);
  if (bits?.tag !== derTag.bitString) throw new InvalidDer('a key usage that is no bit string');
  // The first byte counts the bits unused at the end.
  return ((bits.content[1] ?? 0) & KEY_CERT_SIGN) !== 0;
}

function commonNamesIn(name: DerElement): readonly string[] {
  const parts = membersOf(name, derTag.sequence).flatMap((set) => membersOf(set, derTag.set));
  return parts.flatMap((part) => {
    const [type, value] = membersOf(part, derTag.sequence);
    if (oidOf(type) !== COMMON_NAME || value === undefined) return [];
    return [nameText(value)];
  });
}

const BMP_STRING = 0x1e;
const UTF8_STRING = 0x0c;

function nameText({ tag, content }: DerElement): string {
  if (tag === UTF8_STRING) return content.toString('utf8');
  if (tag !== BMP_STRING || content.length % 2 !== 0) return content.toString('latin1');
  return Buffer.from(content).swap16().toString('utf16le');
}

function oidOf(element: DerElement | undefined): string {
  if (element?.tag !== derTag.oid) throw new InvalidDer('no object identifier where one belongs');
  return oidText(element);
}
