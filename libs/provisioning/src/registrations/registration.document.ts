import { VersionedState } from '@app/event-sourcing';
import { etagOf } from '../shared/etag';
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
  readonly x509?: { readonly enrollmentGroupId?: string };
  readonly tpm?: Record<string, never>;
}

/** RegistrationOperationStatus; `registrationState` is always there, because IoT Edge reads it while assigning too. */
export interface OperationStatus {
  readonly operationId: string;
  readonly status: RegistrationResult['status'];
  readonly registrationState: RegistrationResult;
}

type Recorded = Exclude<RegistrationState, { status: 'unassigned' }>;

export function operationStatus(state: Recorded, revision: bigint): OperationStatus {
  return { operationId: state.operationId, status: state.status, registrationState: registrationResult(state, revision) };
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
  const { type, enrollment } = attestedBy(state);
  const group = enrollment?.kind === 'group' ? { enrollmentGroupId: enrollment.id } : {};
  switch (type) {
    case 'symmetricKey':
      return { symmetricKey: group };
    case 'x509':
      return { x509: group };
    case 'tpm':
      return { tpm: {} };
    default:
      return {};
  }
}

function attestedBy(state: Recorded): { type: string | undefined; enrollment: EnrollmentRef | undefined } {
  const holder = state.status === 'assigning' || state.status === 'assigned' ? state : state.previous;
  return { type: holder?.attestationType, enrollment: holder?.enrollment };
}
