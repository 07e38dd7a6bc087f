import { JsonObject } from '@app/event-sourcing';
import { InitialTwin } from '../shared/shapes';
import { ActivatingTpm, AssignmentPlan, PresentedCertificate, RegistrationEvent, Substatus } from './registration.events';

export interface EnrollmentRef {
  readonly kind: 'individual' | 'group';
  readonly id: string;
  readonly revision: string;
}

/** Where a device is, as its registration names it. */
export interface Assignment {
  readonly hub: string;
  readonly deviceId: string;
  readonly substatus: Substatus;
  readonly enrollment: EnrollmentRef;
  readonly attestationType: string;
  /** Of a device that attested by certificate. */
  readonly x509: PresentedCertificate | null;
}

/** Where a campaign sends the device, until the campaign takes it back. */
export interface Destination {
  readonly campaignId: string;
  readonly hub: string;
  /** Operation whose move is to be undone. */
  readonly restores?: string;
  /** The last operation before it was set: a later one knows of it. */
  readonly after: string;
}

/** What is known of one operation; the same words in every state so that a poll can always be answered. */
export interface Operation {
  readonly operationId: string;
  readonly registrationId: string;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Of the last request of an operator that the device shall come back, since the operation began. */
  readonly reprovisionRequestId?: string;
  readonly destination?: Destination;
}

/** The state of a device at the hub it leaves, written down before anything there is changed. */
export interface RecordedStatus {
  readonly status: 'enabled' | 'disabled';
  readonly statusReason: string | null;
  readonly generationId: string;
}

export interface Assigning extends Operation {
  readonly status: 'assigning';
  readonly previous: Assignment | null;
  readonly plan: AssignmentPlan;
  readonly deviceId: string;
  /** The id at the old hub. */
  readonly previousDeviceId: string;
  readonly initialTwin: InitialTwin;
  readonly iotEdge: boolean;
  readonly apiVersion: string;
  readonly enrollment: EnrollmentRef;
  readonly attestationType: string;
  /** Of a device that attested by certificate. */
  readonly x509: PresentedCertificate | null;
  /** Of a device that attested by TPM. */
  readonly tpm: ActivatingTpm | null;
  readonly recorded: RecordedStatus | null;
  /** What the webhook of a custom allocation returns to the device. */
  readonly returnedPayload: JsonObject | null;
  /** Set when the twin is durable at the new hub and in the log; for a migration `sourceTag` guards the deletion of the old copy. */
  readonly twinPlaced: { readonly sourceTag: string | null } | null;
}

export interface Assigned extends Operation, Assignment {
  readonly status: 'assigned';
  /** Of a device that attested by TPM. */
  readonly tpm: ActivatingTpm | null;
  readonly returnedPayload: JsonObject | null;
}

export interface Failed extends Operation {
  readonly status: 'failed';
  readonly previous: Assignment | null;
  readonly errorCode: number;
  readonly errorMessage: string;
}

export interface Disabled extends Operation {
  readonly status: 'disabled';
  readonly previous: Assignment | null;
  readonly enrollment: EnrollmentRef;
}

export type RegistrationState = { readonly status: 'unassigned' } | Assigning | Assigned | Failed | Disabled;

export const unassigned: RegistrationState = { status: 'unassigned' };

/** The assignment a new decision starts from; null for a device that is nowhere. */
export function currentAssignment(state: RegistrationState): Assignment | null {
  switch (state.status) {
    case 'unassigned':
      return null;
    case 'assigned':
      return assignmentOf(state);
    case 'assigning':
    case 'failed':
    case 'disabled':
      return state.previous;
  }
}

export function assignmentOf(assigned: Assignment): Assignment {
  const { hub, deviceId, substatus, enrollment, attestationType, x509 } = assigned;
  return { hub, deviceId, substatus, enrollment, attestationType, x509 };
}

/** A destination outlives the operations that it leads to. */
function directed(state: RegistrationState): { readonly destination?: Destination } {
  return state.status === 'unassigned' || state.destination === undefined ? {} : { destination: state.destination };
}

export function evolve(state: RegistrationState, event: RegistrationEvent): RegistrationState {
  switch (event.type) {
    case 'AssignmentStarted':
      return assigning(state, event.data);
    case 'DeviceStatusRecorded': {
      if (state.status !== 'assigning') return state;
      const { status, statusReason, generationId } = event.data;
      return { ...state, recorded: { status, statusReason, generationId }, updatedAt: event.data.at };
    }
    case 'TwinMigrated':
      if (state.status !== 'assigning') return state;
      return { ...state, twinPlaced: { sourceTag: event.data.sourceTag }, updatedAt: event.data.at };
    case 'TwinReset':
      if (state.status !== 'assigning') return state;
      return { ...state, twinPlaced: { sourceTag: null }, updatedAt: event.data.at };
    case 'DeviceDeregistered':
      return state;
    case 'DeviceAssigned':
      return assigned(state, event.data);
    case 'AssignmentFailed': {
      const { operationId, registrationId, errorCode, errorMessage, at } = event.data;
      const startedAt = state.status === 'assigning' ? state.startedAt : at;
      const previous = currentAssignment(state);
      const failed = { operationId, registrationId, startedAt, updatedAt: at, previous, errorCode, errorMessage };
      return { status: 'failed', ...failed, ...directed(state) };
    }
    case 'RegistrationDisabled': {
      const { operationId, registrationId, enrollment, at } = event.data;
      return {
        status: 'disabled',
        operationId,
        registrationId,
        startedAt: at,
        updatedAt: at,
        previous: currentAssignment(state),
        enrollment,
        ...directed(state),
      };
    }
    case 'ReprovisionRequested':
      return state.status === 'unassigned' ? state : { ...state, reprovisionRequestId: event.data.requestId };
    case 'DestinationSet': {
      const { campaignId, hub, restores } = event.data;
      if (state.status === 'unassigned') return state;
      const restored = restores === undefined ? {} : { restores };
      return { ...state, destination: { campaignId, hub, ...restored, after: state.operationId } };
    }
    case 'DestinationCleared': {
      if (state.status === 'unassigned' || state.destination?.campaignId !== event.data.campaignId) return state;
      const { destination: _cleared, ...rest } = state;
      return rest;
    }
    case 'RegistrationDeleted':
      return unassigned;
  }
}

function assigning(state: RegistrationState, data: Extract<RegistrationEvent, { type: 'AssignmentStarted' }>['data']): Assigning {
  return {
    status: 'assigning',
    operationId: data.operationId,
    registrationId: data.registrationId,
    startedAt: data.at,
    updatedAt: data.at,
    previous: currentAssignment(state),
    plan: data.plan,
    deviceId: data.deviceId,
    previousDeviceId: data.previousDeviceId ?? data.deviceId,
    initialTwin: data.initialTwin,
    iotEdge: data.iotEdge,
    apiVersion: data.grounds.apiVersion,
    enrollment: data.grounds.enrollment,
    attestationType: data.grounds.attestation.type,
    x509: data.grounds.attestation.x509,
    tpm: data.grounds.attestation.tpm,
    returnedPayload: data.returnedPayload,
    recorded: null,
    twinPlaced: null,
    ...directed(state),
  };
}

function assigned(
  state: RegistrationState,
  data: Extract<RegistrationEvent, { type: 'DeviceAssigned' }>['data'],
): RegistrationState {
  if (state.status !== 'assigning') return state;
  return {
    status: 'assigned',
    operationId: state.operationId,
    registrationId: state.registrationId,
    startedAt: state.startedAt,
    updatedAt: data.at,
    hub: data.hub,
    deviceId: data.deviceId,
    substatus: data.substatus,
    enrollment: state.enrollment,
    attestationType: state.attestationType,
    returnedPayload: state.returnedPayload,
    x509: state.x509,
    tpm: state.tpm,
    ...directed(state),
  };
}
