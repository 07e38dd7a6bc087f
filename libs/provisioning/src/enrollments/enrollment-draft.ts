import { DpsError } from '../shared/dps-error';
import { EnrollmentKind, InitialTwin, ReprovisionPolicy } from '../shared/shapes';
import { validated } from '../shared/validated';
import { RequestedCertificate, RequestedCertificates } from './attestation.rules';
import { readCertificate } from './certificates';
import { EnrollmentDraft } from './enrollment.commands';
import {
  AttestationDto,
  CertificateDto,
  CertificatesDto,
  CustomAllocationDefinitionDto,
  EnrollmentDto,
  EnrollmentGroupDto,
  IndividualEnrollmentDto,
  InitialTwinDto,
  ReprovisionPolicyDto,
  SymmetricKeyDto,
  TpmDto,
  X509Dto,
} from './enrollment.dto';
import { problemOfWebhookUrl } from './webhook-url';

/** Symmetric keys have 16 to 64 bytes (wire contract §3.2). */
const KEY_BYTES_MIN = 16;
const KEY_BYTES_MAX = 64;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** The first api-version whose webhooks this product's documents describe. */
const WEBHOOK_API_VERSION_MIN = '2018-09-01-preview';

export interface ParsedEnrollment {
  readonly draft: EnrollmentDraft;
  /** The `etag` inside the document; bulk calls use it as their `If-Match`. */
  readonly etag: string | undefined;
}

/** An enrollment document as an administrator sends it. Error: `DpsError` 400004. */
export function parseEnrollment(kind: EnrollmentKind, body: unknown): ParsedEnrollment {
  switch (kind) {
    case 'individual': {
      const dto = validated(IndividualEnrollmentDto, body);
      const own = { id: dto.registrationId, deviceId: dto.deviceId ?? null };
      return parsed(dto, { kind, ...own, optionalDeviceInformation: dto.optionalDeviceInformation ?? null });
    }
    case 'group': {
      const dto = validated(EnrollmentGroupDto, body);
      return parsed(dto, { kind, id: dto.enrollmentGroupId, deviceId: null, optionalDeviceInformation: null });
    }
  }
}

type OwnMembers = Pick<EnrollmentDraft, 'kind' | 'id' | 'deviceId' | 'optionalDeviceInformation'>;

function parsed(dto: EnrollmentDto, own: OwnMembers): ParsedEnrollment {
  const draft: EnrollmentDraft = {
    ...own,
    attestation: attestation(dto.attestation),
    capabilities: { iotEdge: dto.capabilities?.iotEdge ?? false },
    iotHubHostName: textOrNull(dto.iotHubHostName),
    initialTwin: initialTwin(dto.initialTwin),
    provisioningStatus: dto.provisioningStatus ?? 'enabled',
    reprovisionPolicy: reprovisionPolicyOf(dto.reprovisionPolicy),
    allocationPolicy: dto.allocationPolicy ?? null,
    iotHubs: dto.iotHubs ?? null,
    customAllocationDefinition: customAllocation(dto.customAllocationDefinition),
    optionalDeviceInformation: own.optionalDeviceInformation,
  };
  return { draft, etag: textOrNull(dto.etag) ?? undefined };
}

function attestation(dto: AttestationDto): EnrollmentDraft['attestation'] {
  switch (dto.type) {
    case 'symmetricKey':
      return symmetricKey(dto.symmetricKey);
    case 'x509':
      return x509(dto.x509);
    case 'tpm':
      return tpm(dto.tpm);
  }
}

function symmetricKey(dto: SymmetricKeyDto | null | undefined): EnrollmentDraft['attestation'] {
  return {
    type: 'symmetricKey',
    primaryKey: key(dto?.primaryKey, 'primaryKey'),
    secondaryKey: key(dto?.secondaryKey, 'secondaryKey'),
  };
}

function key(text: string | null | undefined, name: string): string | null {
  const given = textOrNull(text);
  if (given === null) return null;
  const lengthBytes = Buffer.from(given, 'base64').length;
  if (!BASE64.test(given) || lengthBytes < KEY_BYTES_MIN || lengthBytes > KEY_BYTES_MAX) {
    throw DpsError.badRequest(`attestation.symmetricKey.${name} must be base64 of ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes`);
  }
  return given;
}

function x509(dto: X509Dto | null | undefined): EnrollmentDraft['attestation'] {
  const references = { primary: textOrNull(dto?.caReferences?.primary), secondary: textOrNull(dto?.caReferences?.secondary) };
  return {
    type: 'x509',
    clientCertificates: certificates(dto?.clientCertificates, 'clientCertificates'),
    signingCertificates: certificates(dto?.signingCertificates, 'signingCertificates'),
    caReferences: references.primary === null && references.secondary === null ? null : references,
  };
}

function certificates(dto: CertificatesDto | null | undefined, name: string): RequestedCertificates | null {
  if (dto === null || dto === undefined) return null;
  const primary = certificate(dto.primary, `${name}.primary`);
  const secondary = certificate(dto.secondary, `${name}.secondary`);
  return primary === null && secondary === null ? null : { primary, secondary };
}

/** One that names no certificate (it has only `info`, as a GET gives it) stands for the stored one. */
function certificate(dto: CertificateDto | null | undefined, name: string): RequestedCertificate {
  if (dto === null || dto === undefined) return null;
  const text = textOrNull(dto.certificate);
  if (text === null) return 'keep';
  if (readCertificate(text) === undefined) {
    throw DpsError.badRequest(
      `attestation.x509.${name}.certificate must be a certificate as PEM, base64 of PEM, or base64 of DER`,
    );
  }
  return { certificate: text };
}

function tpm(dto: TpmDto | null | undefined): EnrollmentDraft['attestation'] {
  const base64 = (text: string | null | undefined, name: string): string | null => {
    const given = textOrNull(text);
    if (given !== null && !BASE64.test(given)) throw DpsError.badRequest(`attestation.tpm.${name} must be base64`);
    return given;
  };
  return {
    type: 'tpm',
    endorsementKey: base64(dto?.endorsementKey, 'endorsementKey'),
    storageRootKey: base64(dto?.storageRootKey, 'storageRootKey'),
  };
}

function initialTwin(dto: InitialTwinDto | null | undefined): InitialTwin | null {
  if (dto === null || dto === undefined) return null;
  return { tags: dto.tags ?? {}, desired: dto.properties?.desired ?? {} };
}

/** A policy that was sent defaults each half to true; one that was not sent stays absent. */
function reprovisionPolicyOf(dto: ReprovisionPolicyDto | null | undefined): ReprovisionPolicy | null {
  if (dto === null || dto === undefined) return null;
  return { updateHubAssignment: dto.updateHubAssignment ?? true, migrateDeviceData: dto.migrateDeviceData ?? true };
}

function customAllocation(dto: CustomAllocationDefinitionDto | null | undefined): EnrollmentDraft['customAllocationDefinition'] {
  if (dto === null || dto === undefined) return null;
  if (dto.apiVersion < WEBHOOK_API_VERSION_MIN) {
    throw DpsError.badRequest(`customAllocationDefinition.apiVersion must be ${WEBHOOK_API_VERSION_MIN} or later`);
  }
  const problem = problemOfWebhookUrl(dto.webhookUrl);
  if (problem !== undefined) throw DpsError.badRequest(`customAllocationDefinition.webhookUrl ${problem}`);
  return { webhookUrl: dto.webhookUrl, apiVersion: dto.apiVersion };
}

/** Clients send an empty text where they mean nothing. */
function textOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
