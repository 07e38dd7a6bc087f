import { DeviceCertificate, TrustAnchor, describe } from '@app/attestation';
import { readCertificate } from './certificates';
import { Attestation, EnrollmentEntry } from './enrollment.events';

type X509Attestation = Extract<Attestation, { type: 'x509' }>;
export type Slot = 'primary' | 'secondary';
const slots: readonly Slot[] = ['primary', 'secondary'];

/** A certificate of an enrollment that may end the chain of a device. */
export interface SigningAnchor extends TrustAnchor {
  readonly enrollmentGroupId: string;
  readonly slot: Slot;
}

interface SigningGroup {
  readonly enrollmentGroupId: string;
  readonly anchors: readonly SigningAnchor[];
  /** Names of CA certificates in lower case. */
  readonly references: readonly { readonly name: string; readonly slot: Slot }[];
}

/** The groups that attest by certificates, by what their certificates are called, so that a chain is followed without trying all. */
export class SigningGroups {
  private readonly groups = new Map<string, SigningGroup>();
  private readonly bySubject = new Map<string, readonly SigningAnchor[]>();
  private readonly byReference = new Map<string, readonly Omit<SigningAnchor, 'certificate'>[]>();

  get size(): number {
    return this.groups.size;
  }

  has(enrollmentGroupId: string): boolean {
    return this.groups.has(enrollmentGroupId.toLowerCase());
  }

  /** Anchors whose subject has this name (DER, base64), those of older groups first. */
  anchorsNamed(subject: string): readonly SigningAnchor[] {
    return this.bySubject.get(subject) ?? [];
  }

  /** Groups that trust the CA certificate of this name. */
  groupsReferringTo(name: string): readonly Omit<SigningAnchor, 'certificate'>[] {
    return this.byReference.get(name.toLowerCase()) ?? [];
  }

  put(key: string, { id, attestation }: EnrollmentEntry): void {
    if (attestation.type !== 'x509') {
      this.delete(key);
      return;
    }
    const anchors = slots.flatMap((slot) => {
      const certificate = certificateIn(attestation.signingCertificates, slot);
      return certificate === undefined ? [] : [{ enrollmentGroupId: id, slot, certificate }];
    });
    const references = slots.flatMap((slot) => {
      const name = attestation.caReferences?.[slot] ?? null;
      return name === null ? [] : [{ name: name.toLowerCase(), slot }];
    });
    this.groups.set(key, { enrollmentGroupId: id, anchors, references });
    this.index();
  }

  delete(key: string): void {
    if (this.groups.delete(key)) this.index();
  }

  /** Built anew at each change: there are at most 100 groups, and they change rarely. */
  private index(): void {
    this.bySubject.clear();
    this.byReference.clear();
    for (const { enrollmentGroupId, anchors, references } of this.groups.values()) {
      for (const anchor of anchors) push(this.bySubject, anchor.certificate.subject, anchor);
      for (const { name, slot } of references) push(this.byReference, name, { enrollmentGroupId, slot });
    }
  }
}

/** One certificate of an entry; undefined when there is none, or none that can be read. */
export function certificateIn(certificates: X509Attestation['signingCertificates'], slot: Slot): DeviceCertificate | undefined {
  const text = certificates?.[slot] ?? null;
  const x509 = text === null ? undefined : readCertificate(text);
  if (x509 === undefined) return undefined;
  try {
    return describe(x509);
  } catch {
    return undefined;
  }
}

function push<Item>(index: Map<string, readonly Item[]>, key: string, item: Item): void {
  index.set(key, [...(index.get(key) ?? []), item]);
}
