import { JsonObject, JsonValue, ReprovisionPolicy, textIn } from '../../api/types';

export type Kind = 'individual' | 'group';
export type AttestationType = 'symmetricKey' | 'x509' | 'tpm';
export type PolicyName = 'none' | 'migrate' | 'reset' | 'never';

/** As a person types it. */
export interface EnrollmentForm {
  readonly id: string;
  readonly deviceId: string;
  readonly attestationType: AttestationType;
  /** PEM of a device's or a signing certificate, or a TPM's endorsement key; only for a new entry. */
  readonly proof: string;
  readonly policy: PolicyName;
  readonly allocationPolicy: string;
  readonly hubs: readonly string[];
  readonly isEnabled: boolean;
  /** JSON text. */
  readonly tags: string;
  readonly desired: string;
}

export type Problems = Partial<Record<keyof EnrollmentForm, string>>;

export const policies: Readonly<Record<PolicyName, ReprovisionPolicy | null>> = {
  none: null,
  migrate: { updateHubAssignment: true, migrateDeviceData: true },
  reset: { updateHubAssignment: true, migrateDeviceData: false },
  never: { updateHubAssignment: false, migrateDeviceData: false },
};

const ID = /^[a-z0-9][a-z0-9._:-]{0,126}[a-z0-9-]$|^[a-z0-9]$/i;
const DEVICE_ID = /^[A-Za-z0-9\-.+%_#*?!(),:=@$']{1,128}$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

export function member(document: JsonObject, name: string): JsonObject {
  const value = document[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function attestationTypeOf(document: JsonObject): AttestationType {
  const { type } = member(document, 'attestation');
  return type === 'x509' || type === 'tpm' ? type : 'symmetricKey';
}

export function enrollmentFormOf(kind: Kind, document: JsonObject | null): EnrollmentForm {
  const known = document ?? {};
  const twin = member(known, 'initialTwin');
  return {
    id: textIn(kind === 'individual' ? known.registrationId : known.enrollmentGroupId),
    deviceId: textIn(known.deviceId),
    attestationType: document === null ? 'symmetricKey' : attestationTypeOf(document),
    proof: '',
    policy: policyNameOf(document === null ? policies.migrate : policyIn(document)),
    allocationPolicy: textIn(known.allocationPolicy),
    hubs: Array.isArray(known.iotHubs) ? known.iotHubs.map(String) : [],
    isEnabled: known.provisioningStatus !== 'disabled',
    tags: pretty(twin.tags),
    desired: pretty(member(twin, 'properties').desired),
  };
}

/** A sentence for each member that is not as it must be. */
export function problemsOf(form: EnrollmentForm, kind: Kind, isNew: boolean): Problems {
  const problems: Problems = {};
  if (!ID.test(form.id)) problems.id = '1 to 128 letters, digits and - . _ : with a letter, digit or dash at the end.';
  if (form.deviceId !== '' && !DEVICE_ID.test(form.deviceId)) problems.deviceId = 'A hub does not take this id.';
  const proof = isNew ? proofProblem(form) : undefined;
  if (proof !== undefined) problems.proof = proof;
  if (kind === 'group' && form.attestationType === 'tpm') problems.attestationType = 'A group has keys or certificates.';
  if (form.allocationPolicy === 'static' && form.hubs.length !== 1) problems.hubs = 'Choose exactly one.';
  for (const name of ['tags', 'desired'] as const) {
    if (objectIn(form[name]) === undefined) problems[name] = 'A JSON object, such as { "site": "north" }.';
  }
  return problems;
}

/** The document for the service, with everything that the form does not show kept as it was. */
export function documentOf(form: EnrollmentForm, kind: Kind, known: JsonObject | null): JsonObject {
  const { updatedDateTimeUtc: _at, createdDateTimeUtc: _created, etag: _etag, registrationState: _state, ...kept } = known ?? {};
  const named: JsonObject = kind === 'individual' ? { registrationId: form.id } : { enrollmentGroupId: form.id };
  const twin = { tags: objectIn(form.tags) ?? {}, properties: { desired: objectIn(form.desired) ?? {} } };
  const policy = policies[form.policy];
  return {
    ...kept,
    ...named,
    ...(kind === 'individual' && form.deviceId !== '' ? { deviceId: form.deviceId } : {}),
    ...(known === null ? { attestation: attestationOf(form, kind) } : {}),
    initialTwin: twin,
    provisioningStatus: form.isEnabled ? 'enabled' : 'disabled',
    reprovisionPolicy: policy === null ? null : { ...policy },
    allocationPolicy: form.allocationPolicy === '' ? null : form.allocationPolicy,
    iotHubs: form.hubs.length === 0 ? null : form.hubs,
  };
}

function attestationOf({ attestationType, proof }: EnrollmentForm, kind: Kind): JsonObject {
  switch (attestationType) {
    case 'symmetricKey':
      return { type: 'symmetricKey' };
    case 'x509': {
      const certificates = { primary: { certificate: proof } };
      return {
        type: 'x509',
        x509: kind === 'group' ? { signingCertificates: certificates } : { clientCertificates: certificates },
      };
    }
    case 'tpm':
      return { type: 'tpm', tpm: { endorsementKey: proof.replaceAll(/\s/g, '') } };
  }
}

function proofProblem({ attestationType, proof }: EnrollmentForm): string | undefined {
  switch (attestationType) {
    case 'symmetricKey':
      return undefined;
    case 'x509':
      return CERTIFICATE.test(proof) ? undefined : 'A certificate in PEM.';
    case 'tpm':
      return BASE64.test(proof) ? undefined : 'The endorsement key in base64.';
  }
}

function policyIn(document: JsonObject): ReprovisionPolicy | null {
  const policy = document.reprovisionPolicy;
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) return null;
  const { updateHubAssignment, migrateDeviceData } = policy as JsonObject;
  return { updateHubAssignment: updateHubAssignment !== false, migrateDeviceData: migrateDeviceData !== false };
}

function policyNameOf(policy: ReprovisionPolicy | null): PolicyName {
  if (policy === null) return 'none';
  if (!policy.updateHubAssignment) return 'never';
  return policy.migrateDeviceData ? 'migrate' : 'reset';
}

/** Undefined for what is no JSON object; nothing stands for an empty one. */
function objectIn(json: string): JsonObject | undefined {
  if (json.trim() === '') return {};
  try {
    const value = JSON.parse(json) as JsonValue;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function pretty(value: JsonValue | undefined): string {
  const isEmpty = value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  return isEmpty ? '' : JSON.stringify(value, null, 2);
}
