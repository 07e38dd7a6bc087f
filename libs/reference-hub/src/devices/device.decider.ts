import { Decider, JsonObject, Rejected } from '@app/event-sourcing';
import {
  checkedWhole,
  Condition,
  DeviceRejection,
  ensureHolds,
  GivenCredentials,
  GivenSection,
  importedSection,
  patchOf,
  replacementOf,
  settled,
} from './device.checks';
import { Credentials, DeviceEvent, DeviceModule, DeviceStatus } from './device.events';
import { Device, DeviceState, evolve, initialState } from './device.state';
import { decideModule, GivenModule, ModuleCommand, settledModules, storedModules } from './module.decider';
import { sameJson } from './twin-section';

export interface IdentityPatch {
  readonly status?: DeviceStatus | undefined;
  readonly statusReason?: string | null | undefined;
  readonly credentials?: GivenCredentials | undefined;
  readonly iotEdge?: boolean | undefined;
}

export interface CreateDevice {
  readonly type: 'CreateDevice';
  readonly deviceId: string;
  readonly generationId: string;
  readonly identity: IdentityPatch & { readonly credentials: GivenCredentials };
  readonly tags: JsonObject;
  readonly desired: JsonObject;
  readonly at: string;
}

export interface UpdateIdentity {
  readonly type: 'UpdateIdentity';
  readonly identity: IdentityPatch;
  readonly condition: Condition;
  readonly at: string;
}

export interface ImportDevice {
  readonly type: 'ImportDevice';
  readonly deviceId: string;
  /** Used when the device is not there; otherwise it keeps its own. */
  readonly generationId: string;
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly credentials: GivenCredentials;
  readonly iotEdge: boolean;
  readonly tags: JsonObject;
  readonly desired: GivenSection;
  readonly reported: GivenSection;
  /** All that the device shall have. */
  readonly modules: readonly GivenModule[];
  readonly condition: 'absent' | Condition;
  readonly at: string;
}

/** A part that is null is left as it is. */
export interface WriteTwin {
  readonly type: 'PatchTwin' | 'ReplaceTwin';
  readonly tags: JsonObject | null;
  readonly desired: JsonObject | null;
  readonly condition: Condition;
  readonly at: string;
}

export interface ReportProperties {
  readonly type: 'ReportProperties';
  readonly patch: JsonObject;
  readonly at: string;
}

export interface DeleteDevice {
  readonly type: 'DeleteDevice';
  readonly condition: Condition;
  readonly at: string;
}

export type DeviceCommand =
  CreateDevice | UpdateIdentity | ImportDevice | WriteTwin | ReportProperties | DeleteDevice | ModuleCommand;

export const deviceDecider: Decider<DeviceState, DeviceCommand, DeviceEvent> = { initialState, decide, evolve };

function decide(command: DeviceCommand, state: DeviceState): readonly DeviceEvent[] {
  switch (command.type) {
    case 'CreateDevice':
      return create(command, state);
    case 'ImportDevice':
      return importDevice(command, state);
    case 'UpdateIdentity':
      return updateIdentity(command, existing(state));
    case 'PatchTwin':
      return patchTwin(command, existing(state));
    case 'ReplaceTwin':
      return replaceTwin(command, existing(state));
    case 'ReportProperties':
      return reportProperties(command, existing(state));
    case 'CreateModule':
    case 'UpdateModule':
    case 'PatchModuleTwin':
    case 'ReplaceModuleTwin':
    case 'ReportModuleProperties':
    case 'DeleteModule':
      return decideModule(command, existing(state));
    case 'DeleteDevice': {
      const device = existing(state);
      ensureHolds(command.condition, device, device.identityChange);
      return [{ type: 'DeviceDeleted', data: { generationId: device.generationId, at: command.at } }];
    }
  }
}

function create(command: CreateDevice, state: DeviceState): readonly DeviceEvent[] {
  const { deviceId, generationId, identity, at } = command;
  if (state.exists) throw alreadyExists();
  const tags = checkedWhole('tags', command.tags);
  const desired = checkedWhole('desired', command.desired);
  const { status = 'enabled', statusReason = null, iotEdge = false } = identity;
  const credentials = settled(identity.credentials, undefined);
  const data = { deviceId, generationId, status, statusReason, credentials, iotEdge, tags, desired, at };
  return [{ type: 'DeviceCreated', data }];
}

function importDevice(command: ImportDevice, state: DeviceState): readonly DeviceEvent[] {
  const { deviceId, status, statusReason, iotEdge, at, condition } = command;
  if (condition === 'absent') {
    if (state.exists) throw alreadyExists();
  } else {
    const device = existing(state);
    ensureHolds(condition, device, device.identityChange);
  }
  const tags = checkedWhole('tags', command.tags);
  const before = state.exists ? state : undefined;
  const twin = {
    tags,
    desired: importedSection('desired', command.desired, before?.desired, at),
    reported: importedSection('reported', command.reported, before?.reported, at),
    modules: settledModules(command.modules, before?.modules ?? [], at),
  };
  const identity = { status, statusReason, iotEdge, credentials: settled(command.credentials, before?.credentials) };
  if (before !== undefined && sameJson({ ...identityOf(before), ...twinOf(before) }, { ...identity, ...twin })) return [];
  const generationId = before?.generationId ?? command.generationId;
  return [{ type: 'DeviceImported', data: { deviceId, generationId, ...identity, ...twin, at } }];
}

function updateIdentity(command: UpdateIdentity, device: Device): readonly DeviceEvent[] {
  ensureHolds(command.condition, device, device.identityChange);
  const { status, statusReason, credentials, iotEdge } = command.identity;
  const before = identityOf(device);
  const after = {
    status: status ?? before.status,
    statusReason: statusReason === undefined ? before.statusReason : statusReason,
    credentials: credentials === undefined ? before.credentials : settled(credentials, before.credentials),
    iotEdge: iotEdge ?? before.iotEdge,
  };
  if (sameJson(before, after)) return [];
  return [{ type: 'DeviceIdentityUpdated', data: { ...after, at: command.at } }];
}

function patchTwin(command: WriteTwin, device: Device): readonly DeviceEvent[] {
  ensureHolds(command.condition, device, device.twinChange);
  const tags = patchOf('tags', command.tags, device.tags);
  const desired = patchOf('desired', command.desired, device.desired.values);
  if (tags === null && desired === null) return [];
  return [{ type: 'TwinPatched', data: { tags, desired, at: command.at } }];
}

function replaceTwin(command: WriteTwin, device: Device): readonly DeviceEvent[] {
  ensureHolds(command.condition, device, device.twinChange);
  const tags = replacementOf('tags', command.tags, device.tags);
  const desired = replacementOf('desired', command.desired, device.desired.values);
  if (tags === null && desired === null) return [];
  return [{ type: 'TwinReplaced', data: { tags, desired, at: command.at } }];
}

function reportProperties(command: ReportProperties, device: Device): readonly DeviceEvent[] {
  if (device.status === 'disabled') throw new Rejected<DeviceRejection>('device-disabled', 'the device is disabled');
  const patch = patchOf('reported', command.patch, device.reported.values);
  return patch === null ? [] : [{ type: 'ReportedPropertiesPatched', data: { patch, at: command.at } }];
}

function existing(state: DeviceState): Device {
  if (state.exists) return state;
  throw new Rejected<DeviceRejection>('device-not-found', 'the device is not registered');
}

function identityOf({ status, statusReason, credentials, iotEdge }: Device): {
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly credentials: Credentials;
  readonly iotEdge: boolean;
} {
  return { status, statusReason, credentials, iotEdge };
}

function twinOf({ tags, desired, reported, modules }: Device): Pick<Device, 'tags' | 'desired' | 'reported'> & {
  readonly modules: DeviceModule[];
} {
  return { tags, desired, reported, modules: storedModules(modules) };
}

const alreadyExists = (): Rejected<DeviceRejection> =>
  new Rejected<DeviceRejection>('device-already-exists', 'a device with this id is already registered');
