import { etagOf } from '../shared/etag';
import type { SecretBox } from '../shared/secret-box';
import { CertificateInfo } from '../shared/shapes';
import { certificateInfo, readCertificate } from './certificates';
import { Attestation, EnrollmentEntry } from './enrollment.events';
import { maskedWebhookUrl } from './webhook-url';

type X509Attestation = Extract<Attestation, { type: 'x509' }>;
type StoredCertificates = X509Attestation['clientCertificates'];

/** An entry to show. Where it comes from a read model, it has no symmetric keys. */
export interface EnrollmentView {
  readonly entry: Omit<EnrollmentEntry, 'attestation' | 'customAllocationDefinition'> & {
    readonly customAllocationDefinition: { readonly webhookUrl: string; readonly apiVersion: string } | null;
    readonly attestation: Exclude<Attestation, { type: 'symmetricKey' }> | { readonly type: 'symmetricKey' };
  };
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: bigint;
}

interface CertificateDocument {
  readonly certificate?: string;
  readonly info: CertificateInfo;
}

interface CertificatesDocument {
  readonly primary?: CertificateDocument;
  readonly secondary?: CertificateDocument;
}

export type AttestationDocument =
  | {
      readonly type: 'symmetricKey';
      readonly symmetricKey: { readonly primaryKey?: string; readonly secondaryKey?: string };
    }
  | {
      readonly type: 'x509';
      readonly x509: {
        readonly clientCertificates?: CertificatesDocument;
        readonly signingCertificates?: CertificatesDocument;
        readonly caReferences?: { readonly primary?: string; readonly secondary?: string };
      };
    }
  | { readonly type: 'tpm'; readonly tpm: { readonly endorsementKey: string; readonly storageRootKey?: string } };

/** IndividualEnrollment or EnrollmentGroup of the wire contract, §4.2; members that are absent are left out. */
export type EnrollmentDocument = Readonly<Record<string, unknown>> & {
  readonly attestation: AttestationDocument;
  readonly etag: string;
};

/** The document as GET and queries give it: without keys and certificates. */
export function enrollmentDocument(
  view: EnrollmentView,
  attestation = publicAttestation(view.entry.attestation),
): EnrollmentDocument {
  const { entry } = view;
  const names =
    entry.kind === 'individual' ? { registrationId: entry.id, deviceId: entry.deviceId } : { enrollmentGroupId: entry.id };
  const twin = entry.initialTwin;
  const members = {
    ...names,
    attestation,
    capabilities: entry.capabilities,
    iotHubHostName: entry.iotHubHostName,
    initialTwin: twin === null ? null : { tags: twin.tags, properties: { desired: twin.desired } },
    etag: etagOf(view.revision),
    provisioningStatus: entry.provisioningStatus,
    reprovisionPolicy: entry.reprovisionPolicy,
    createdDateTimeUtc: view.createdAt,
    lastUpdatedDateTimeUtc: view.updatedAt,
    allocationPolicy: entry.allocationPolicy,
    iotHubs: entry.iotHubs,
    customAllocationDefinition: webhookDocument(entry.customAllocationDefinition),
    optionalDeviceInformation: entry.optionalDeviceInformation,
  };
  return withoutNull(members);
}

/** The address as it may be shown; sent back like this, it stands for the stored one. */
function webhookDocument(webhook: EnrollmentView['entry']['customAllocationDefinition']) {
  return webhook === null ? null : { webhookUrl: maskedWebhookUrl(webhook.webhookUrl), apiVersion: webhook.apiVersion };
}

/** What anyone with the right to read may see. */
export function publicAttestation(attestation: EnrollmentView['entry']['attestation']): AttestationDocument {
  switch (attestation.type) {
    case 'symmetricKey':
      return { type: 'symmetricKey', symmetricKey: {} };
    case 'x509':
      return x509Document(attestation, false);
    case 'tpm':
      return tpmDocument(attestation);
  }
}

/** With symmetric keys in clear and certificates: the answer of `attestationmechanism`. */
export function attestationMechanism(attestation: Attestation, secrets: SecretBox): AttestationDocument {
  switch (attestation.type) {
    case 'symmetricKey': {
      const primaryKey = secrets.open(attestation.primaryKey);
      return { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey: secrets.open(attestation.secondaryKey) } };
    }
    case 'x509':
      return x509Document(attestation, true);
    case 'tpm':
      return tpmDocument(attestation);
  }
}

function x509Document(attestation: X509Attestation, withCertificates: boolean): AttestationDocument {
  const shown = (certificates: StoredCertificates): CertificatesDocument | null =>
    certificates === null
      ? null
      : withoutNull({
          primary: certificateDocument(certificates.primary, withCertificates),
          secondary: certificateDocument(certificates.secondary, withCertificates),
        });
  const { clientCertificates, signingCertificates, caReferences } = attestation;
  return {
    type: 'x509',
    x509: withoutNull({
      clientCertificates: shown(clientCertificates),
      signingCertificates: shown(signingCertificates),
      caReferences: caReferences === null ? null : withoutNull(caReferences),
    }),
  };
}

function certificateDocument(text: string | null, withCertificate: boolean): CertificateDocument | null {
  const certificate = text === null ? undefined : readCertificate(text);
  if (text === null || certificate === undefined) return null;
  return { ...(withCertificate ? { certificate: text } : {}), info: certificateInfo(certificate) };
}

function tpmDocument({ endorsementKey, storageRootKey }: Extract<Attestation, { type: 'tpm' }>): AttestationDocument {
  return { type: 'tpm', tpm: withoutNull({ endorsementKey, storageRootKey }) };
}

type WithoutNull<Members> = {
  readonly [Name in keyof Members as null extends Members[Name] ? never : Name]: Members[Name];
} & {
  readonly [Name in keyof Members as null extends Members[Name] ? Name : never]?: Exclude<Members[Name], null>;
};

function withoutNull<Members extends object>(members: Members): WithoutNull<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null)) as WithoutNull<Members>;
}
