import { Decider, Rejected } from '@app/event-sourcing';
import { holds, IfMatch } from '../shared/etag';
import { CertificateInfo } from '../shared/shapes';
import { CaCertificateEvent } from './ca-certificate.events';

/** Published limit of an instance. */
export const CA_CERTIFICATES_MAX = 25;

/** What a certificate offered as proof says; read and checked against the CA certificate before the command. */
export interface Proof {
  /** Null when it has none or several. */
  readonly commonName: string | null;
  /** SHA-256, upper-case hexadecimal. */
  readonly thumbprint: string;
  /** SHA-256 of the CA certificate whose key signed it; null when the key did not, or the proof is not valid now. */
  readonly signedBy: string | null;
}

interface Addressed {
  readonly name: string;
  readonly ifMatch: IfMatch;
  readonly at: string;
}

export type CaCertificateCommand =
  | (Addressed & {
      readonly type: 'UploadCaCertificate';
      /** DER in base64. */
      readonly certificate: string;
      readonly info: CertificateInfo;
      /** Whether its extensions let it issue certificates. */
      readonly isAuthority: boolean;
      readonly isVerified: boolean;
    })
  | (Addressed & { readonly type: 'GenerateVerificationCode'; readonly code: string })
  | (Addressed & { readonly type: 'VerifyCaCertificate'; readonly proof: Proof })
  | (Addressed & { readonly type: 'DeleteCaCertificate' });

export interface KnownCaCertificate {
  readonly name: string;
  readonly certificate: string;
  readonly info: CertificateInfo;
  readonly isVerified: boolean;
  readonly verificationCode: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Revision of the stream at this certificate's last change; its ETag stands for it. */
  readonly revision: bigint;
}

export interface CaCertificatesState {
  /** By name in lower case. */
  readonly certificates: ReadonlyMap<string, KnownCaCertificate>;
  readonly revision: bigint | undefined;
}

export type CaCertificateRejection =
  | 'certificate-not-found'
  | 'certificate-changed'
  | 'certificate-not-an-authority'
  | 'certificate-verified-already'
  | 'too-many-certificates'
  | 'no-verification-code'
  | 'proof-of-possession-failed';

function decide(command: CaCertificateCommand, state: CaCertificatesState): readonly CaCertificateEvent[] {
  const current = state.certificates.get(command.name.toLowerCase());
  switch (command.type) {
    case 'UploadCaCertificate':
      return upload(command, current, state.certificates.size);
    case 'GenerateVerificationCode':
      return generateCode(command, matching(current, command));
    case 'VerifyCaCertificate':
      return verify(command, existing(current, command));
    case 'DeleteCaCertificate': {
      const { name } = matching(current, command);
      return [{ type: 'CaCertificateDeleted', data: { name, at: command.at } }];
    }
  }
}

function upload(
  command: Extract<CaCertificateCommand, { type: 'UploadCaCertificate' }>,
  current: KnownCaCertificate | undefined,
  count: number,
): readonly CaCertificateEvent[] {
  const { certificate, info, isAuthority, isVerified, at } = command;
  if (current?.certificate === certificate) {
    // The same again. A certificate that has proved itself stays verified; one that has not can be vouched for now.
    if (!isVerified || current.isVerified) return [];
    requireMatch(command.ifMatch, current);
    const { name } = current;
    return [{ type: 'CaCertificateVerified', data: { name, by: 'operator', proofThumbprint: null, at } }];
  }
  if (!isAuthority) {
    throw refusal('certificate-not-an-authority', 'this certificate may not issue others: it is no CA certificate');
  }
  if (current !== undefined) requireMatch(command.ifMatch, current);
  else if (command.ifMatch !== 'unconditional') throw changed(command.name);
  else if (count >= CA_CERTIFICATES_MAX) {
    throw refusal('too-many-certificates', `there can be at most ${CA_CERTIFICATES_MAX} CA certificates`);
  }
  const name = current?.name ?? command.name;
  return [{ type: 'CaCertificateUploaded', data: { name, certificate, info, isVerified, at } }];
}

function generateCode(
  { code, at }: Extract<CaCertificateCommand, { type: 'GenerateVerificationCode' }>,
  current: KnownCaCertificate,
): readonly CaCertificateEvent[] {
  if (current.isVerified) throw refusal('certificate-verified-already', `certificate ${current.name} is verified already`);
  if (current.verificationCode === code) return [];
  return [{ type: 'VerificationCodeGenerated', data: { name: current.name, code, at } }];
}

function verify(
  { proof, ifMatch, at }: Extract<CaCertificateCommand, { type: 'VerifyCaCertificate' }>,
  current: KnownCaCertificate,
): readonly CaCertificateEvent[] {
  if (current.isVerified) return [];
  requireMatch(ifMatch, current);
  const { name, verificationCode, info } = current;
  if (verificationCode === null) {
    throw refusal('no-verification-code', `no verification code was generated for certificate ${name}`);
  }
  if (proof.commonName !== verificationCode) {
    throw refusal('proof-of-possession-failed', 'the common name of the certificate is not the verification code');
  }
  if (proof.signedBy !== info.sha256Thumbprint) {
    throw refusal(
      'proof-of-possession-failed',
      'the certificate is not one that the key of the CA certificate signed and that is valid now',
    );
  }
  return [{ type: 'CaCertificateVerified', data: { name, by: 'proof', proofThumbprint: proof.thumbprint, at } }];
}

function matching(current: KnownCaCertificate | undefined, command: Addressed): KnownCaCertificate {
  const found = existing(current, command);
  requireMatch(command.ifMatch, found);
  return found;
}

function existing(current: KnownCaCertificate | undefined, { name, ifMatch }: Addressed): KnownCaCertificate {
  if (current !== undefined) return current;
  if (ifMatch !== 'unconditional') throw changed(name);
  throw refusal('certificate-not-found', `there is no CA certificate ${name}`);
}

function requireMatch(ifMatch: IfMatch, current: KnownCaCertificate): void {
  if (!holds(ifMatch, current.revision)) throw changed(current.name);
}

function changed(name: string): Rejected<CaCertificateRejection> {
  return refusal('certificate-changed', `certificate ${name} is not as the If-Match header says`);
}

function refusal(reason: CaCertificateRejection, message: string): Rejected<CaCertificateRejection> {
  return new Rejected(reason, message);
}

function evolve(state: CaCertificatesState, event: CaCertificateEvent): CaCertificatesState {
  const revision = (state.revision ?? -1n) + 1n;
  const key = event.data.name.toLowerCase();
  const certificates = new Map(state.certificates);
  const before = certificates.get(key);
  const { at } = event.data;
  switch (event.type) {
    case 'CaCertificateUploaded': {
      const { name, certificate, info, isVerified } = event.data;
      const createdAt = before?.createdAt ?? at;
      const uploaded = { name, certificate, info, isVerified, verificationCode: null };
      certificates.set(key, { ...uploaded, createdAt, updatedAt: at, revision });
      break;
    }
    case 'VerificationCodeGenerated':
      if (before !== undefined) {
        certificates.set(key, { ...before, verificationCode: event.data.code, updatedAt: at, revision });
      }
      break;
    case 'CaCertificateVerified':
      if (before !== undefined) {
        certificates.set(key, { ...before, isVerified: true, verificationCode: null, updatedAt: at, revision });
      }
      break;
    case 'CaCertificateDeleted':
      certificates.delete(key);
      break;
  }
  return { certificates, revision };
}

export const caCertificateDecider: Decider<CaCertificatesState, CaCertificateCommand, CaCertificateEvent> = {
  initialState: { certificates: new Map(), revision: undefined },
  decide,
  evolve,
};
