import { JsonObject, VersionedState } from '@app/event-sourcing';
import { etagOf } from '../shared/etag';
import { CertificateInfo } from '../shared/shapes';
import { PresentedCertificate } from './registration.events';
import { Assignment, EnrollmentRef, RegistrationState, assignmentOf } from './registration.state';

/** DeviceRegistrationResult of the wire contract, §1.4; members that do not apply are left out. */
export interface RegistrationResult {
  readonly registrationId: string;
  readonly createdDateTimeUtc: string;
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly status: 'assigning' | 'assigned' | 'failed' | 'disabled';
  readonly substatus?: string;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
  readonly symmetricKey?: { readonly enrollmentGroupId?: string };
  /** Certificates of devices of groups; `{}` for individual ones. */
  readonly x509?: {
    readonly enrollmentGroupId?: string;
    readonly certificateInfo?: CertificateInfo;
    readonly signingCertificateInfo?: CertificateInfo;
  };
  /** `authenticationKey`: base64 of the activation blob with the key for the hub, for the assigned device alone. */
  readonly tpm?: { readonly authenticationKey?: string };
  /** What the webhook of a custom allocation returned. */
  readonly payload?: JsonObject;
}

/** RegistrationOperationStatus; `registrationState` is always there, because IoT Edge reads it while assigning too. */
export interface OperationStatus {
  readonly operationId: string;
  readonly status: RegistrationResult['status'];
  readonly registrationState: RegistrationResult;
}

type Recorded = Exclude<RegistrationState, { status: 'unassigned' }>;

export function operationStatus(state: Recorded, revision: bigint, tpmKeyBlob?: string): OperationStatus {
  const registrationState = withTpmKey(registrationResult(state, revision), tpmKeyBlob);
  return { operationId: state.operationId, status: state.status, registrationState };
}

/** What only the device itself is told; undefined changes nothing. */
export function withTpmKey(result: RegistrationResult, tpmKeyBlob: string | undefined): RegistrationResult {
  return tpmKeyBlob === undefined ? result : { ...result, tpm: { authenticationKey: tpmKeyBlob } };
}

export function registrationResult(state: Recorded, revision: bigint): RegistrationResult {
  return {
    registrationId: state.registrationId,
    createdDateTimeUtc: state.startedAt,
    ...attestationMember(state),
    ...assignmentMembers(state),
    status: state.status,
    ...(state.status === 'failed' ? { errorCode: state.errorCode, errorMessage: state.errorMessage } : {}),
    lastUpdatedDateTimeUtc: state.updatedAt,
    etag: Buffer.from(etagOf(revision)).toString('base64'),
    ...(state.status === 'assigned' && state.returnedPayload !== null ? { payload: state.returnedPayload } : {}),
  };
}

/** The result of a registration that exists; undefined for one that does not. */
export function resultOf({ state, revision }: VersionedState<RegistrationState>): RegistrationResult | undefined {
  return state.status === 'unassigned' || revision === undefined ? undefined : registrationResult(state, revision);
}

/** While a device moves neither hub is its hub, so none is named; a failed or disabled one still is where it was. */
function assignmentMembers(state: Recorded): Partial<RegistrationResult> {
  const assignment = standing(state);
  if (assignment === null) return {};
  return { assignedHub: assignment.hub, deviceId: assignment.deviceId, substatus: assignment.substatus };
}

function standing(state: Recorded): Assignment | null {
  switch (state.status) {
    case 'assigned':
      return assignmentOf(state);
    case 'assigning':
      return null;
    case 'failed':
    case 'disabled':
      return state.previous;
  }
}

function attestationMember(state: Recorded): Partial<RegistrationResult> {
  const { type, enrollment, x509 } = attestedBy(state);
  const group = enrollment?.kind === 'group' ? { enrollmentGroupId: enrollment.id } : {};
  switch (type) {
    case 'symmetricKey':
      return { symmetricKey: group };
    case 'x509':
      return { x509: enrollment?.kind === 'group' ? { ...certificatesOf(x509), ...group } : {} };
    case 'tpm':
      return { tpm: {} };
    default:
      return {};
  }
}

function certificatesOf(x509: PresentedCertificate | null): NonNullable<RegistrationResult['x509']> {
  if (x509 === null) return {};
  const { certificateInfo, signingCertificateInfo } = x509;
  return signingCertificateInfo === null ? { certificateInfo } : { certificateInfo, signingCertificateInfo };
}

interface Attested {
  readonly type: string | undefined;
  readonly enrollment: EnrollmentRef | undefined;
  readonly x509: PresentedCertificate | null;
}

function attestedBy(state: Recorded): Attested {
  const holder = state.status === 'assigning' || state.status === 'assigned' ? state : state.previous;
  return { type: holder?.attestationType, enrollment: holder?.enrollment, x509: holder?.x509 ?? null };
}
