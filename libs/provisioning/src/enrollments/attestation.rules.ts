import { Rejected } from '@app/event-sourcing';
import { EnrollmentKind, SealedSecret } from '../shared/shapes';
import { Attestation } from './enrollment.events';

type X509Attestation = Extract<Attestation, { type: 'x509' }>;
type SymmetricKeyAttestation = Extract<Attestation, { type: 'symmetricKey' }>;

/** One certificate as asked for: its text, the one that is stored, or none. */
export type RequestedCertificate = { readonly certificate: string } | 'keep' | null;
export interface RequestedCertificates {
  readonly primary: RequestedCertificate;
  readonly secondary: RequestedCertificate;
}

/** An attestation as asked for; null stands for what was left out. */
export type RequestedAttestation =
  | { readonly type: 'symmetricKey'; readonly primaryKey: SealedSecret | null; readonly secondaryKey: SealedSecret | null }
  | {
      readonly type: 'x509';
      readonly clientCertificates: RequestedCertificates | null;
      readonly signingCertificates: RequestedCertificates | null;
      readonly caReferences: X509Attestation['caReferences'];
    }
  | { readonly type: 'tpm'; readonly endorsementKey: string | null; readonly storageRootKey: string | null };

export type AttestationRejection = 'attestation-incomplete' | 'attestation-not-allowed' | 'new-secrets-required';

interface Requested {
  readonly kind: EnrollmentKind;
  readonly attestation: RequestedAttestation;
}

/**
 * The attestation to store: what was given, else what is stored, else (on create) what was generated. Secrets of one type say
 * nothing about another, so changing the type needs all of them.
 */
export function attest(
  { kind, attestation }: Requested,
  stored: Attestation | undefined,
  generated: Pick<SymmetricKeyAttestation, 'primaryKey' | 'secondaryKey'> | undefined,
): Attestation {
  switch (attestation.type) {
    case 'symmetricKey':
      return symmetricKey(attestation, stored?.type === 'symmetricKey' ? stored : undefined, generated);
    case 'x509':
      return x509(kind, attestation, stored);
    case 'tpm':
      return tpm(kind, attestation, stored);
  }
}

function symmetricKey(
  requested: Extract<RequestedAttestation, { type: 'symmetricKey' }>,
  stored: SymmetricKeyAttestation | undefined,
  generated: Pick<SymmetricKeyAttestation, 'primaryKey' | 'secondaryKey'> | undefined,
): Attestation {
  const primaryKey = chooseKey(requested.primaryKey, stored?.primaryKey, generated?.primaryKey);
  const secondaryKey = chooseKey(requested.secondaryKey, stored?.secondaryKey, generated?.secondaryKey);
  if (primaryKey === undefined || secondaryKey === undefined) throw newSecretsRequired();
  return { type: 'symmetricKey', primaryKey, secondaryKey };
}

/** The same key sealed again looks different; the stored one stays, so that nothing has changed. */
function chooseKey(
  requested: SealedSecret | null,
  stored: SealedSecret | undefined,
  generated: SealedSecret | undefined,
): SealedSecret | undefined {
  if (requested === null) return stored ?? generated;
  return requested.fingerprint === stored?.fingerprint ? stored : requested;
}

function x509(
  kind: EnrollmentKind,
  requested: Extract<RequestedAttestation, { type: 'x509' }>,
  stored: Attestation | undefined,
): Attestation {
  const before = stored?.type === 'x509' ? stored : undefined;
  const { clientCertificates, signingCertificates, caReferences } = requested;
  if (clientCertificates === null && signingCertificates === null && caReferences === null) {
    if (before !== undefined) return before;
    throw stored === undefined ? incomplete('an x509 attestation needs certificates') : newSecretsRequired();
  }
  if (kind === 'group' && clientCertificates !== null) {
    throw new Rejected<AttestationRejection>(
      'attestation-not-allowed',
      'an enrollment group attests by signing certificates or CA references, not by client certificates',
    );
  }
  return {
    type: 'x509',
    clientCertificates: certificates(clientCertificates, before?.clientCertificates, stored),
    signingCertificates: certificates(signingCertificates, before?.signingCertificates, stored),
    caReferences,
  };
}

function certificates(
  requested: RequestedCertificates | null,
  before: X509Attestation['clientCertificates'] | undefined,
  stored: Attestation | undefined,
): X509Attestation['clientCertificates'] {
  if (requested === null) return null;
  const choose = (certificate: RequestedCertificate, kept: string | null | undefined): string | null => {
    if (certificate === null) return null;
    if (certificate !== 'keep') return certificate.certificate;
    if (kept !== null && kept !== undefined) return kept;
    throw stored === undefined ? incomplete('a certificate is missing') : newSecretsRequired();
  };
  const chosen = {
    primary: choose(requested.primary, before?.primary),
    secondary: choose(requested.secondary, before?.secondary),
  };
  if (chosen.primary === null && chosen.secondary === null) throw incomplete('an x509 attestation needs certificates');
  return chosen;
}

function tpm(
  kind: EnrollmentKind,
  requested: Extract<RequestedAttestation, { type: 'tpm' }>,
  stored: Attestation | undefined,
): Attestation {
  if (kind === 'group') {
    throw new Rejected<AttestationRejection>('attestation-not-allowed', 'an enrollment group cannot attest by TPM');
  }
  const before = stored?.type === 'tpm' ? stored : undefined;
  const endorsementKey = requested.endorsementKey ?? before?.endorsementKey;
  if (endorsementKey === undefined) {
    throw stored === undefined ? incomplete('a tpm attestation needs an endorsement key') : newSecretsRequired();
  }
  return { type: 'tpm', endorsementKey, storageRootKey: requested.storageRootKey ?? before?.storageRootKey ?? null };
}

function incomplete(message: string): Rejected<AttestationRejection> {
  return new Rejected('attestation-incomplete', message);
}

function newSecretsRequired(): Rejected<AttestationRejection> {
  return new Rejected('new-secrets-required', 'changing the type of attestation needs the new keys or certificates');
}
