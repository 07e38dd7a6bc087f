import { createHash } from 'node:crypto';
import { DeviceCertificate, readDeviceCertificate } from './x509-certificate';
import { CLOCK_SKEW_MS } from './sas';

/** Certificates of one presented chain that are looked at, the leaf included; a longer chain is refused. */
export const CHAIN_LENGTH_MAX = 8;
/** Pairs of certificates whose signature is remembered as good; an entry has about 200 bytes. */
const SIGNATURES_REMEMBERED_MAX = 10_000;
/** Certificates of accepted chains that are kept read, about 10 KB each: reading one costs 0.2 ms, more than all else. */
const CERTIFICATES_REMEMBERED_MAX = 1_000;

/** A certificate that ends a chain, because somebody with the right to do so put it there. */
export interface TrustAnchor {
  readonly certificate: DeviceCertificate;
}

/** Which rule of the chain did not hold; words for operators. */
export type ChainCheck =
  | 'no-certificate'
  | 'unreadable-certificate'
  | 'chain-too-long'
  | 'duplicate-certificate'
  | 'validity'
  | 'signature-algorithm'
  | 'signature'
  | 'critical-extension'
  | 'basic-constraints'
  | 'path-length'
  | 'key-usage'
  | 'untrusted-issuer';

/** `reason` is for operators only. */
export interface ChainRefusal {
  readonly accepted: false;
  readonly check: ChainCheck;
  readonly reason: string;
}

export type ChainReading = { readonly accepted: true; readonly chain: readonly DeviceCertificate[] } | ChainRefusal;
export type ChainWalk<Anchor extends TrustAnchor> =
  | {
      readonly accepted: true;
      readonly anchor: Anchor;
      /** Intermediates between leaf and anchor. */ readonly intermediates: number;
    }
  | ChainRefusal;

const FORGEABLE_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.2', 'MD2'],
  ['1.2.840.113549.1.1.3', 'MD4'],
  ['1.2.840.113549.1.1.4', 'MD5'],
  ['1.2.840.113549.1.1.5', 'SHA-1'],
  ['1.3.14.3.2.29', 'SHA-1'],
  ['1.2.840.10040.4.3', 'SHA-1'],
  ['1.2.840.10045.4.1', 'SHA-1'],
  ['1.2.840.113549.1.1.10 1.2.840.113549.2.5', 'MD5'],
  ['1.2.840.113549.1.1.10 1.3.14.3.2.26', 'SHA-1'],
]);

/** The presented certificates, DER, leaf first, read and counted; nothing is proven yet. */
export function readChain(certificates: readonly Buffer[], read = readDeviceCertificate): ChainReading {
  if (certificates.length === 0) return refused('no-certificate', 'the device presented no certificate');
  if (certificates.length > CHAIN_LENGTH_MAX) {
    return refused('chain-too-long', `the chain has more than ${CHAIN_LENGTH_MAX} certificates`);
  }
  const chain: DeviceCertificate[] = [];
  const seen = new Set<string>();
  for (const [index, der] of certificates.entries()) {
    const certificate = read(der);
    if (certificate === undefined) return refused('unreadable-certificate', `certificate ${index} of the chain cannot be read`);
    if (seen.has(certificate.fingerprint)) {
      return refused('duplicate-certificate', `certificate ${index} comes twice in the chain`);
    }
    seen.add(certificate.fingerprint);
    chain.push(certificate);
  }
  return { accepted: true, chain };
}

/**
 * What holds of every certificate whoever issued it: it is valid now (`CLOCK_SKEW_MS` at either end), and it needs nothing that is
 * not understood here.
 */
export function checkCertificate(certificate: DeviceCertificate, now: Date): ChainRefusal | undefined {
  const nowMs = now.getTime();
  const named = nameOf(certificate);
  // Written so that a date that cannot be read refuses.
  if (!(certificate.notBeforeMs - CLOCK_SKEW_MS <= nowMs)) {
    return refused('validity', `${named} is not valid before ${certificate.x509.validFrom}`);
  }
  if (!(nowMs <= certificate.notAfterMs + CLOCK_SKEW_MS)) {
    return refused('validity', `${named} expired at ${certificate.x509.validTo}`);
  }
  const [extension] = certificate.unknownCritical;
  if (extension === undefined) return undefined;
  return refused('critical-extension', `${named} has the critical extension ${extension}, which is not understood`);
}

/** Whether a certificate may have issued others, with so many intermediate certificates below it. */
export function checkAuthority(certificate: DeviceCertificate, intermediatesBelow: number, now: Date): ChainRefusal | undefined {
  const named = nameOf(certificate);
  const { isAuthority, pathLength } = certificate.authority;
  if (!isAuthority) return refused('basic-constraints', `${named} is not the certificate of a certification authority`);
  if (!certificate.maySignCertificates) return refused('key-usage', `the key of ${named} may not sign certificates`);
  if (pathLength !== null && intermediatesBelow > pathLength) {
    return refused(
      'path-length',
      `${named} allows ${pathLength} intermediate certificates below it, there are ${intermediatesBelow}`,
    );
  }
  return checkCertificate(certificate, now);
}

/**
 * Follows a chain from the leaf upward. At each certificate the anchors that bear its issuer's name are looked at first, so the
 * nearest anchor decides; then the presented certificates. A chain that ends at an anchor is complete: nothing above it is needed.
 */
export class ChainWalker {
  private readonly goodSignatures = new Set<string>();
  private readonly certificates = new Map<string, DeviceCertificate>();

  /** As `readChain`, but what was part of an accepted chain before is not read again: only those, so strangers displace nothing. */
  read(certificates: readonly Buffer[]): ChainReading {
    return readChain(certificates, (der) => this.certificates.get(digestOf(der)) ?? readDeviceCertificate(der));
  }

  /** `anchorsNamed` gives the trusted certificates with this subject (DER, base64), in the order in which they are to be tried. */
  walk<Anchor extends TrustAnchor>(
    chain: readonly DeviceCertificate[],
    anchorsNamed: (subject: string) => readonly Anchor[],
    now: Date,
  ): ChainWalk<Anchor> {
    const [leaf] = chain;
    if (leaf === undefined) return refused('no-certificate', 'the device presented no certificate');
    const unfit = checkCertificate(leaf, now);
    if (unfit !== undefined) return unfit;
    const unused = new Set(chain.slice(1));
    let current = leaf;
    // Each turn uses up one presented certificate, so a loop of issuers ends when there are none left.
    for (let intermediates = 0; ; intermediates++) {
      const weak = checkSignatureAlgorithm(current);
      if (weak !== undefined) return weak;
      const trusted = anchorsNamed(current.issuer).filter(({ certificate }) => certificate.fingerprint !== current.fingerprint);
      const anchor = trusted.find(({ certificate }) => this.hasSigned(certificate, current));
      if (anchor !== undefined) {
        const forbidden = checkAuthority(anchor.certificate, intermediates, now);
        if (forbidden !== undefined) return forbidden;
        for (const certificate of chain) if (!unused.has(certificate)) this.remember(certificate);
        return { accepted: true, anchor, intermediates };
      }
      const named = [...unused].filter(({ subject }) => subject === current.issuer);
      const issuer = named.find((candidate) => this.hasSigned(candidate, current));
      if (issuer === undefined) return endOfChain(current, trusted.length + named.length > 0);
      const forbidden = checkAuthority(issuer, intermediates, now);
      if (forbidden !== undefined) return forbidden;
      unused.delete(issuer);
      current = issuer;
    }
  }

  private remember(certificate: DeviceCertificate): void {
    const { fingerprint } = certificate;
    if (this.certificates.has(fingerprint)) return;
    if (this.certificates.size >= CERTIFICATES_REMEMBERED_MAX) {
      const [oldest] = this.certificates.keys();
      if (oldest !== undefined) this.certificates.delete(oldest);
    }
    this.certificates.set(fingerprint, certificate);
  }

  /** That one key signed one certificate stays true for ever, so it is remembered; that it did not is not. */
  private hasSigned(issuer: DeviceCertificate, subject: DeviceCertificate): boolean {
    const pair = `${subject.fingerprint} ${issuer.fingerprint}`;
    if (this.goodSignatures.has(pair)) return true;
    if (!hasSigned(issuer, subject)) return false;
    if (this.goodSignatures.size >= SIGNATURES_REMEMBERED_MAX) {
      const [oldest] = this.goodSignatures;
      if (oldest !== undefined) this.goodSignatures.delete(oldest);
    }
    this.goodSignatures.add(pair);
    return true;
  }
}

/** Whether the key of one certificate signed another; false also for keys that cannot be used. */
export function hasSigned(issuer: DeviceCertificate, subject: DeviceCertificate): boolean {
  try {
    return subject.x509.verify(issuer.x509.publicKey);
  } catch {
    return false;
  }
}

/** The algorithms by which a certificate can be forged are refused. */
export function checkSignatureAlgorithm(certificate: DeviceCertificate): ChainRefusal | undefined {
  const digest = FORGEABLE_SIGNATURES.get(certificate.signatureAlgorithm);
  if (digest === undefined) return undefined;
  return refused('signature-algorithm', `${nameOf(certificate)} is signed with ${digest}`);
}

/** The fingerprint of a certificate that is not read yet. */
function digestOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

function endOfChain(current: DeviceCertificate, someoneBearsTheName: boolean): ChainRefusal {
  const named = nameOf(current);
  if (someoneBearsTheName) return refused('signature', `${named} was not signed by the certificate that bears its issuer's name`);
  return refused('untrusted-issuer', `the chain ends at ${named}, and no certificate known here issued it`);
}

const NAME_CHARACTERS_MAX = 128;

/** For messages to operators. */
function nameOf({ commonNames, fingerprint }: DeviceCertificate): string {
  const [name = ''] = commonNames;
  return `"${name.slice(0, NAME_CHARACTERS_MAX)}" (SHA-256 ${fingerprint.slice(0, 16)}…)`;
}

function refused(check: ChainCheck, reason: string): ChainRefusal {
  return { accepted: false, check, reason };
}
