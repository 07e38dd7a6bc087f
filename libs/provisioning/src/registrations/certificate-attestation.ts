import { ChainReading, ChainRefusal, ChainWalker, DeviceCertificate, TrustAnchor, checkCertificate } from '@app/attestation';
import { CaCertificates, VerifiedAuthority } from '../certificates/ca-certificates';
import { certificateInfo } from '../enrollments/certificates';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { EnrollmentGroupsDirectory } from '../enrollments/enrollment-groups.directory';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { Attestation } from '../enrollments/enrollment.events';
import { Slot, certificateIn } from '../enrollments/signing-groups';
import { AttestationRefused } from './attestation-refused';
import { PresentedCertificate } from './registration.events';

export type X509Attestation = Extract<Attestation, { type: 'x509' }>;

/** A device that proved itself with a certificate. */
export interface CertifiedDevice extends PresentEnrollment {
  readonly key: Slot;
  readonly x509: PresentedCertificate;
}

/** A certificate that may end a chain, and the group that says so. */
interface GroupAnchor extends TrustAnchor {
  readonly enrollmentGroupId: string;
  readonly slot: Slot;
  /** Name of the CA certificate; undefined for one stored in the group. */
  readonly reference: string | undefined;
}

const slots: readonly Slot[] = ['primary', 'secondary'];

/**
 * X.509 attestation (wire contract §3.3). TLS has proven that the device has the key of the first certificate; here it is decided
 * whose certificate that is. Errors: `AttestationRefused`.
 */
export class CertificateAttestation {
  private readonly walker = new ChainWalker();

  constructor(
    private readonly enrollments: EnrollmentReader,
    private readonly groups: EnrollmentGroupsDirectory,
    private readonly authorities: CaCertificates,
  ) {}

  /** By one of the client certificates stored in the enrollment, or by a chain that ends at a certificate the enrollment trusts. */
  async attestIndividual(
    enrollment: PresentEnrollment,
    attestation: X509Attestation,
    certificates: readonly Buffer[],
    now: Date,
  ): Promise<CertifiedDevice> {
    const { id } = enrollment.entry;
    const chain = chainOf(id, this.walker.read(certificates));
    const leaf = leafOf(id, chain);
    const slot = slots.find((each) => certificateIn(attestation.clientCertificates, each)?.fingerprint === leaf.fingerprint);
    if (slot !== undefined) {
      const unfit = checkCertificate(leaf, now);
      if (unfit !== undefined) throw refusal(id, unfit);
      return { ...enrollment, key: slot, x509: { certificateInfo: certificateInfo(leaf.x509), signingCertificateInfo: null } };
    }
    const trusted = await this.anchorsOf(attestation);
    if (trusted.length === 0) {
      throw AttestationRefused.because('thumbprint', `${id}: the certificate is neither of those of the individual enrollment`);
    }
    const walk = this.walker.walk(chain, (subject) => trusted.filter(({ certificate }) => certificate.subject === subject), now);
    if (!walk.accepted) throw refusal(id, walk);
    return { ...enrollment, key: walk.anchor.slot, x509: presented(leaf, walk.anchor) };
  }

  /**
   * By the group whose certificate is the nearest above the device's; undefined when no group's is, which may change when the
   * directory of groups has caught up.
   */
  async attestByGroup(
    registrationId: string,
    certificates: readonly Buffer[],
    now: Date,
  ): Promise<CertifiedDevice | ChainRefusal> {
    const chain = chainOf(registrationId, this.walker.read(certificates));
    const leaf = leafOf(registrationId, chain);
    const authorities = await this.authorities.verified();
    const stale = new Set<string>();
    // The directory may be a moment behind; what the group's stream says now decides. Each turn strikes out one stale anchor.
    for (;;) {
      const walk = this.walker.walk(chain, (subject) => this.anchorsNamed(subject, authorities, stale), now);
      if (!walk.accepted) {
        if (mayBeNews(walk)) return walk;
        throw refusal(registrationId, walk);
      }
      const { anchor } = walk;
      const group = await this.enrollments.find('group', anchor.enrollmentGroupId);
      if (group !== undefined && trusts(group.entry.attestation, anchor)) {
        return { ...group, key: anchor.slot, x509: presented(leaf, anchor) };
      }
      stale.add(keyOf(anchor));
    }
  }

  /** Those stored in groups first, then the CA certificates that groups refer to. */
  private anchorsNamed(
    subject: string,
    authorities: readonly VerifiedAuthority[],
    stale: ReadonlySet<string>,
  ): readonly GroupAnchor[] {
    const stored = this.groups.signing.anchorsNamed(subject).map((anchor) => ({ ...anchor, reference: undefined }));
    const referred = authorities
      .filter(({ certificate }) => certificate.subject === subject)
      .flatMap(({ name, certificate }) =>
        this.groups.signing.groupsReferringTo(name).map((group) => ({ ...group, certificate, reference: name })),
      );
    return [...stored, ...referred].filter((anchor) => !stale.has(keyOf(anchor)));
  }

  private async anchorsOf(attestation: X509Attestation): Promise<readonly (TrustAnchor & { readonly slot: Slot })[]> {
    const stored = slots.flatMap((slot) => {
      const certificate = certificateIn(attestation.signingCertificates, slot);
      return certificate === undefined ? [] : [{ slot, certificate }];
    });
    const { caReferences } = attestation;
    if (caReferences === null) return stored;
    const authorities = await this.authorities.verified();
    const referred = slots.flatMap((slot) => {
      const found = authorities.find(({ name }) => name.toLowerCase() === caReferences[slot]?.toLowerCase());
      return found === undefined ? [] : [{ slot, certificate: found.certificate }];
    });
    return [...stored, ...referred];
  }
}

/** Refusals that a group created a moment ago could turn into a yes. */
function mayBeNews({ check }: ChainRefusal): boolean {
  return check === 'untrusted-issuer' || check === 'signature';
}

export function refusal(registrationId: string, { check, reason }: ChainRefusal): AttestationRefused {
  return AttestationRefused.because(check, `${registrationId}: ${reason}`);
}

function chainOf(registrationId: string, reading: ChainReading): readonly DeviceCertificate[] {
  if (!reading.accepted) throw refusal(registrationId, reading);
  return reading.chain;
}

/** The first certificate, which must bear the registration id as its only common name; ids are compared without case. */
function leafOf(registrationId: string, [leaf]: readonly DeviceCertificate[]): DeviceCertificate {
  const [name, ...more] = leaf?.commonNames ?? [];
  if (leaf !== undefined && more.length === 0 && name?.toLowerCase() === registrationId.toLowerCase()) return leaf;
  throw AttestationRefused.because(
    'common-name',
    `${registrationId}: the common name of the certificate is not the registration id`,
  );
}

function trusts(attestation: Attestation, { slot, certificate, reference }: GroupAnchor): boolean {
  if (attestation.type !== 'x509') return false;
  if (reference !== undefined) return attestation.caReferences?.[slot]?.toLowerCase() === reference.toLowerCase();
  return certificateIn(attestation.signingCertificates, slot)?.fingerprint === certificate.fingerprint;
}

function keyOf({ enrollmentGroupId, slot, reference }: GroupAnchor): string {
  return `${enrollmentGroupId} ${slot} ${reference ?? ''}`;
}

function presented(leaf: DeviceCertificate, anchor: TrustAnchor): PresentedCertificate {
  return { certificateInfo: certificateInfo(leaf.x509), signingCertificateInfo: certificateInfo(anchor.certificate.x509) };
}
