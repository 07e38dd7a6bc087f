import { Decider, JsonObject, Rejected } from '@app/event-sourcing';
import { Credentials, DeviceEvent, DeviceStatus, SealedKey, Section } from './device.events';
import { Device, DeviceState, evolve, initialState } from './device.state';
import { entityTag, tagOf } from './entity-tag';
import { metadataProblem, PROPERTIES_BYTES_MAX, TAGS_BYTES_MAX, twinProblem, twinSizeBytes } from './twin-limits';
import { mergePatch, newSection, patchChanges, sameJson } from './twin-section';

/** A key as asked for: this one, or the one the device has, or else the generated one. */
export type KeyChoice = { readonly given: SealedKey } | { readonly generated: SealedKey };
export type GivenCredentials =
  | { readonly type: 'sas'; readonly primaryKey: KeyChoice; readonly secondaryKey: KeyChoice }
  | Exclude<Credentials, { type: 'sas' }>;

export interface IdentityPatch {
  readonly status?: DeviceStatus | undefined;
  readonly statusReason?: string | null | undefined;
  readonly credentials?: GivenCredentials | undefined;
  readonly iotEdge?: boolean | undefined;
}

/** `etag` is that of the identity or of the twin, after the command; `tag` covers everything of the device. */
export type Condition = 'any' | { readonly etag: string } | { readonly tag: string };

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

/** A section as it shall stand; without metadata all of it counts as changed now. */
export type GivenSection = Omit<Section, 'metadata'> & { readonly metadata: JsonObject | null };

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

export type DeviceCommand = CreateDevice | UpdateIdentity | ImportDevice | WriteTwin | ReportProperties | DeleteDevice;

export type DeviceRejection =
  | 'device-not-found'
  | 'device-already-exists'
  | 'device-disabled'
  | 'precondition-failed'
  | 'argument-invalid'
  | 'message-too-large';

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
  };
  const identity = { status, statusReason, iotEdge, credentials: settled(command.credentials, before?.credentials) };
  if (before !== undefined && sameJson({ ...identityOf(before), ...twinOf(before) }, { ...identity, ...twin })) return [];
  const generationId = before?.generationId ?? command.generationId;
  return [{ type: 'DeviceImported', data: { deviceId, generationId, ...identity, ...twin, at } }];
}

function importedSection(name: 'desired' | 'reported', given: GivenSection, before: Section | undefined, at: string): Section {
  const values = checkedWhole(name, given.values);
  const { version, metadata } = given;
  if (!Number.isSafeInteger(version) || version < 1) throw invalid(`the version of ${name} must be a whole number from 1`);
  if (metadata !== null) {
    const problem = metadataProblem(name, metadata);
    if (problem !== undefined) throw invalid(problem);
    return { values, version, metadata };
  }
  // The same section again is no change, although nobody says when it was made.
  if (before?.version === version && sameJson(before.values, values)) return before;
  return newSection(name, values, version, at);
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

type Part = 'tags' | 'desired' | 'reported';

/** The patch, checked; null when it changes nothing. */
function patchOf(name: Part, patch: JsonObject | null, values: JsonObject): JsonObject | null {
  if (patch === null) return null;
  checkRules(name, patch);
  checkSize(name, mergePatch(values, patch));
  return patchChanges(values, patch) ? patch : null;
}

function replacementOf(name: Part, given: JsonObject | null, values: JsonObject): JsonObject | null {
  if (given === null) return null;
  const replacement = checkedWhole(name, given);
  return sameJson(values, replacement) ? null : replacement;
}

/** Whole values as they are kept: a member that is null counts as absent. */
function checkedWhole(name: Part, given: JsonObject): JsonObject {
  checkRules(name, given);
  const values = mergePatch({}, given);
  checkSize(name, values);
  return values;
}

function checkRules(name: Part, given: JsonObject): void {
  const problem = twinProblem(name, given);
  if (problem !== undefined) throw invalid(problem);
}

function checkSize(name: Part, result: JsonObject): void {
  const sizeBytesMax = name === 'tags' ? TAGS_BYTES_MAX : PROPERTIES_BYTES_MAX;
  const sizeBytes = twinSizeBytes(result);
  if (sizeBytes <= sizeBytesMax) return;
  throw new Rejected<DeviceRejection>('message-too-large', `${name} would have ${sizeBytes} bytes, more than ${sizeBytesMax}`);
}

function existing(state: DeviceState): Device {
  if (state.exists) return state;
  throw new Rejected<DeviceRejection>('device-not-found', 'the device is not registered');
}

function ensureHolds(condition: Condition, device: Device, change: number): void {
  if (condition === 'any') return;
  const holds = 'tag' in condition ? condition.tag === tagOf(device) : condition.etag === entityTag(change);
  if (!holds) throw new Rejected<DeviceRejection>('precondition-failed', 'the device is not as the condition says');
}

/** The same key sealed again is the same key: what is stored stays, so that repeating a command changes nothing. */
function settled(given: GivenCredentials, before: Credentials | undefined): Credentials {
  if (given.type !== 'sas') return given;
  const there = before?.type === 'sas' ? before : undefined;
  return {
    type: 'sas',
    primaryKey: chosen(given.primaryKey, there?.primaryKey),
    secondaryKey: chosen(given.secondaryKey, there?.secondaryKey),
  };
}

function chosen(choice: KeyChoice, there: SealedKey | undefined): SealedKey {
  if ('generated' in choice) return there ?? choice.generated;
  return there?.fingerprint === choice.given.fingerprint ? there : choice.given;
}

function identityOf({ status, statusReason, credentials, iotEdge }: Device): {
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly credentials: Credentials;
  readonly iotEdge: boolean;
} {
  return { status, statusReason, credentials, iotEdge };
}

function twinOf({ tags, desired, reported }: Device): Pick<Device, 'tags' | 'desired' | 'reported'> {
  return { tags, desired, reported };
}

const invalid = (message: string): Rejected<DeviceRejection> => new Rejected<DeviceRejection>('argument-invalid', message);
const alreadyExists = (): Rejected<DeviceRejection> =>
  new Rejected<DeviceRejection>('device-already-exists', 'a device with this id is already registered');
