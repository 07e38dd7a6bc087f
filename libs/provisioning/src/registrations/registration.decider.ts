import { Decider, Rejected } from '@app/event-sourcing';
import { knowsReprovisionedSubstatus } from './api-version';
import { Register, decideAssignment } from './assignment.rules';
import { CarriedModule, CarriedTwin, RegistrationEvent, ReplacedTwin, Substatus } from './registration.events';
import { Assigning, Destination, RecordedStatus, RegistrationState, evolve, unassigned } from './registration.state';

/** How the device stands at the old hub, before anything there is changed. */
export interface RecordStatus {
  readonly type: 'RecordStatus';
  readonly operationId: string;
  readonly recorded: RecordedStatus;
  readonly at: string;
}

/** The twin read at the old hub is durable at the new one. Repeated when the old one changed before it could be deleted. */
export interface RecordTwinMigrated {
  readonly type: 'RecordTwinMigrated';
  readonly operationId: string;
  readonly twin: CarriedTwin;
  /** Left out where the old hub does not give modules with their device. */
  readonly modules?: readonly CarriedModule[] | undefined;
  readonly complete: boolean;
  readonly sourceTag: string;
  /** What it had instead, where an older twin is brought back. */
  readonly replaced?: ReplacedTwin | undefined;
  readonly at: string;
}

export interface RecordTwinReset {
  readonly type: 'RecordTwinReset';
  readonly operationId: string;
  /** What it had before, where a campaign may want it back. */
  readonly replaced?: ReplacedTwin | undefined;
  readonly at: string;
}

/** What the process found and did at the hub that has the device now. */
export type Outcome = 'created' | 'existed' | 'recreated' | 'unchanged' | 'moved';

export interface CompleteAssignment {
  readonly type: 'CompleteAssignment';
  readonly operationId: string;
  readonly outcome: Outcome;
  readonly generationId: string | null;
  readonly at: string;
}

export interface FailAssignment {
  readonly type: 'FailAssignment';
  readonly operationId: string;
  readonly errorCode: number;
  readonly errorMessage: string;
  readonly at: string;
}

/** An operator asked the device to come back; what came of it. */
export interface RecordReprovisionRequest {
  readonly type: 'RecordReprovisionRequest';
  readonly request: Omit<Extract<RegistrationEvent, { type: 'ReprovisionRequested' }>['data'], 'at'>;
  readonly at: string;
}

/** A campaign sends the device to a hub. */
export interface SetDestination {
  readonly type: 'SetDestination';
  readonly destination: Omit<Destination, 'after'>;
  readonly at: string;
}

/** The campaign has no more to say; nothing happens where another one has sent the device on. */
export interface ClearDestination {
  readonly type: 'ClearDestination';
  readonly campaignId: string;
  readonly at: string;
}

export interface DeleteRecord {
  readonly type: 'DeleteRecord';
  readonly at: string;
}

export type RegistrationCommand =
  | Register
  | RecordReprovisionRequest
  | SetDestination
  | ClearDestination
  | RecordStatus
  | RecordTwinMigrated
  | RecordTwinReset
  | CompleteAssignment
  | FailAssignment
  | DeleteRecord;

export type RegistrationRejection = 'registration-not-found' | 'operation-in-flight';

function decide(command: RegistrationCommand, state: RegistrationState): readonly RegistrationEvent[] {
  switch (command.type) {
    case 'Register':
      return decideAssignment(command, state);
    case 'DeleteRecord':
      return deleteRecord(command, state);
    case 'RecordReprovisionRequest':
      return recordReprovisionRequest(command, state);
    case 'SetDestination':
      return setDestination(command, state);
    case 'ClearDestination': {
      const { campaignId, at } = command;
      if (state.status === 'unassigned' || state.destination?.campaignId !== campaignId) return [];
      return [{ type: 'DestinationCleared', data: { campaignId, at } }];
    }
    case 'RecordStatus':
    case 'RecordTwinMigrated':
    case 'RecordTwinReset':
    case 'CompleteAssignment':
    case 'FailAssignment':
      // A step of an operation that is over, or was taken over by another instance, has nothing left to say.
      return state.status === 'assigning' && state.operationId === command.operationId ? step(command, state) : [];
  }
}

type StepCommand = RecordStatus | RecordTwinMigrated | RecordTwinReset | CompleteAssignment | FailAssignment;

function step(command: StepCommand, state: Assigning): readonly RegistrationEvent[] {
  const { operationId, plan } = state;
  switch (command.type) {
    case 'RecordStatus': {
      if ((plan.action !== 'migrate' && plan.action !== 'reset') || plan.from === null) return [];
      if (state.recorded !== null && !changedStatus(state.recorded, command.recorded)) return [];
      return [{ type: 'DeviceStatusRecorded', data: { operationId, hub: plan.from, ...command.recorded, at: command.at } }];
    }
    case 'RecordTwinMigrated': {
      if (plan.action !== 'migrate' || state.twinPlaced?.sourceTag === command.sourceTag) return [];
      const { twin, complete, sourceTag, at } = command;
      const modules = command.modules === undefined ? null : [...command.modules];
      const replaced = command.replaced === undefined ? {} : { replaced: command.replaced };
      const { from, to } = plan;
      return [{ type: 'TwinMigrated', data: { operationId, from, to, twin, modules, complete, sourceTag, ...replaced, at } }];
    }
    case 'RecordTwinReset': {
      if (plan.action !== 'reset' || state.twinPlaced !== null) return [];
      const { initialTwin } = state;
      const replaced = command.replaced === undefined ? {} : { replaced: command.replaced };
      return [
        { type: 'TwinReset', data: { operationId, from: plan.from, to: plan.to, initialTwin, ...replaced, at: command.at } },
      ];
    }
    case 'CompleteAssignment':
      return complete(command, state);
    case 'FailAssignment': {
      const { errorCode, errorMessage, at } = command;
      const hub = state.previous?.hub ?? null;
      const { registrationId } = state;
      return [
        { type: 'AssignmentFailed', data: { operationId, registrationId, errorCode, errorMessage, hub, grounds: null, at } },
      ];
    }
  }
}

/** An operator has changed the same device before the fence stood: his last word is what it arrives with. */
function changedStatus(before: RecordedStatus, now: RecordedStatus): boolean {
  return before.generationId === now.generationId && (before.status !== now.status || before.statusReason !== now.statusReason);
}

function complete(command: CompleteAssignment, state: Assigning): readonly RegistrationEvent[] {
  const { operationId, plan, deviceId, previousDeviceId, recorded } = state;
  const { outcome, generationId, at } = command;
  const created = outcome === 'created' || outcome === 'recreated' || outcome === 'moved';
  const substatus = substatusAfter(outcome, state);
  const assigned: RegistrationEvent = {
    type: 'DeviceAssigned',
    data: { operationId, hub: plan.to, deviceId, substatus, generationId, created, at },
  };
  const leaves =
    (plan.action === 'migrate' || plan.action === 'reset') && (plan.from !== plan.to || previousDeviceId !== deviceId);
  // Without a recorded status the old hub did not have the device, so there was nothing to deregister.
  if (!leaves || plan.from === null || recorded === null) return [assigned];
  return [{ type: 'DeviceDeregistered', data: { operationId, hub: plan.from, deviceId: previousDeviceId, at } }, assigned];
}

function substatusAfter(outcome: Outcome, state: Assigning): Substatus {
  const reprovisioned = knowsReprovisionedSubstatus(state.apiVersion) ? 'reprovisionedToInitialAssignment' : 'initialAssignment';
  switch (state.plan.action) {
    case 'create':
      return outcome === 'existed' ? reprovisioned : 'initialAssignment';
    case 'keep':
      return outcome === 'recreated' ? reprovisioned : (state.previous?.substatus ?? 'initialAssignment');
    case 'migrate':
      return outcome === 'moved' ? 'deviceDataMigrated' : reprovisioned;
    case 'reset':
      return 'deviceDataReset';
  }
}

/** Also while the device is being assigned: the method was invoked, and that is a fact. */
function recordReprovisionRequest(
  { request, at }: RecordReprovisionRequest,
  state: RegistrationState,
): readonly RegistrationEvent[] {
  if (state.status === 'unassigned') throw new Rejected<RegistrationRejection>('registration-not-found', 'it is not registered');
  if (state.reprovisionRequestId === request.requestId) return [];
  return [{ type: 'ReprovisionRequested', data: { ...request, at } }];
}

function setDestination({ destination, at }: SetDestination, state: RegistrationState): readonly RegistrationEvent[] {
  if (state.status === 'unassigned') throw new Rejected<RegistrationRejection>('registration-not-found', 'it is not registered');
  const { destination: before } = state;
  const { campaignId, hub, restores } = destination;
  if (before?.campaignId === campaignId && before.hub === hub && before.restores === restores) return [];
  return [{ type: 'DestinationSet', data: { ...destination, at } }];
}

function deleteRecord(command: DeleteRecord, state: RegistrationState): readonly RegistrationEvent[] {
  switch (state.status) {
    case 'unassigned':
      return [];
    case 'assigning':
      throw new Rejected<RegistrationRejection>(
        'operation-in-flight',
        'the device is being assigned; try again when that is finished',
      );
    case 'assigned':
    case 'failed':
    case 'disabled':
      return [{ type: 'RegistrationDeleted', data: { at: command.at } }];
  }
}

export const registrationDecider: Decider<RegistrationState, RegistrationCommand, RegistrationEvent> = {
  initialState: unassigned,
  decide,
  evolve,
};
