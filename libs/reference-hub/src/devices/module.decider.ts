import { JsonObject, Rejected } from '@app/event-sourcing';
import {
  Condition,
  DeviceRejection,
  ensureHolds,
  GivenCredentials,
  GivenSection,
  checkedWhole,
  importedSection,
  invalid,
  patchOf,
  replacementOf,
  settled,
} from './device.checks';
import { DeviceEvent, DeviceModule } from './device.events';
import { Device } from './device.state';
import { findModule, Module } from './module.state';
import { sameJson } from './twin-section';

/** As in IoT Hub. */
export const MODULES_MAX = 50;

export interface CreateModule {
  readonly type: 'CreateModule';
  readonly moduleId: string;
  readonly generationId: string;
  readonly managedBy: string | null;
  readonly credentials: GivenCredentials;
  readonly at: string;
}

/** Members left out stay as they are. */
export interface UpdateModule {
  readonly type: 'UpdateModule';
  readonly moduleId: string;
  readonly managedBy: string | null | undefined;
  readonly credentials: GivenCredentials | undefined;
  readonly condition: Condition;
  readonly at: string;
}

/** A part that is null is left as it is. */
export interface WriteModuleTwin {
  readonly type: 'PatchModuleTwin' | 'ReplaceModuleTwin';
  readonly moduleId: string;
  readonly tags: JsonObject | null;
  readonly desired: JsonObject | null;
  readonly condition: Condition;
  readonly at: string;
}

export interface ReportModuleProperties {
  readonly type: 'ReportModuleProperties';
  readonly moduleId: string;
  readonly patch: JsonObject;
  readonly at: string;
}

export interface DeleteModule {
  readonly type: 'DeleteModule';
  readonly moduleId: string;
  readonly condition: Condition;
  readonly at: string;
}

export type ModuleCommand = CreateModule | UpdateModule | WriteModuleTwin | ReportModuleProperties | DeleteModule;

/** A module as it comes with its device from another hub. */
export interface GivenModule {
  readonly moduleId: string;
  /** Used when the device has no such module; otherwise it keeps its own. */
  readonly generationId: string;
  readonly managedBy: string | null;
  readonly credentials: GivenCredentials;
  readonly tags: JsonObject;
  readonly desired: GivenSection;
  readonly reported: GivenSection;
}

export function decideModule(command: ModuleCommand, device: Device): readonly DeviceEvent[] {
  const { moduleId, at } = command;
  if (command.type === 'CreateModule') return create(command, device);
  const module = findModule(device.modules, moduleId);
  if (module === undefined) throw new Rejected<DeviceRejection>('module-not-found', 'the device has no such module');
  switch (command.type) {
    case 'UpdateModule':
      return update(command, device, module);
    case 'PatchModuleTwin':
    case 'ReplaceModuleTwin':
      return writeTwin(command, device, module);
    case 'ReportModuleProperties': {
      if (device.status === 'disabled') throw new Rejected<DeviceRejection>('device-disabled', 'the device is disabled');
      const patch = patchOf('reported', command.patch, module.reported.values);
      return patch === null ? [] : [{ type: 'ModuleReportedPropertiesPatched', data: { moduleId, patch, at } }];
    }
    case 'DeleteModule':
      ensureHolds(command.condition, device, module.identityChange);
      return [{ type: 'ModuleDeleted', data: { moduleId, at } }];
  }
}

function create(command: CreateModule, device: Device): readonly DeviceEvent[] {
  const { moduleId, generationId, managedBy, at } = command;
  if (findModule(device.modules, moduleId) !== undefined) {
    throw new Rejected<DeviceRejection>('module-already-exists', 'the device has a module with this id already');
  }
  ensureCount(device.modules.length + 1);
  const credentials = settled(command.credentials, undefined);
  return [{ type: 'ModuleCreated', data: { moduleId, generationId, managedBy, credentials, at } }];
}

function update(command: UpdateModule, device: Device, module: Module): readonly DeviceEvent[] {
  ensureHolds(command.condition, device, module.identityChange);
  const before = { managedBy: module.managedBy, credentials: module.credentials };
  const after = {
    managedBy: command.managedBy === undefined ? before.managedBy : command.managedBy,
    credentials: command.credentials === undefined ? before.credentials : settled(command.credentials, before.credentials),
  };
  if (sameJson(before, after)) return [];
  return [{ type: 'ModuleIdentityUpdated', data: { moduleId: module.moduleId, ...after, at: command.at } }];
}

function writeTwin(command: WriteModuleTwin, device: Device, module: Module): readonly DeviceEvent[] {
  ensureHolds(command.condition, device, module.twinChange);
  const { moduleId, at } = command;
  const part = command.type === 'PatchModuleTwin' ? patchOf : replacementOf;
  const tags = part('tags', command.tags, module.tags);
  const desired = part('desired', command.desired, module.desired.values);
  if (tags === null && desired === null) return [];
  const type = command.type === 'PatchModuleTwin' ? 'ModuleTwinPatched' : 'ModuleTwinReplaced';
  return [{ type, data: { moduleId, tags, desired, at } }];
}

/** The modules as they are stored when a device is written as a whole, in the order of their ids. */
export function settledModules(given: readonly GivenModule[], before: readonly Module[], at: string): DeviceModule[] {
  ensureCount(given.length);
  if (new Set(given.map(({ moduleId }) => moduleId)).size !== given.length) throw invalid('a module is named more than once');
  const settledOnes = given.map((module) => {
    const there = findModule(before, module.moduleId);
    return {
      moduleId: module.moduleId,
      generationId: there?.generationId ?? module.generationId,
      managedBy: module.managedBy,
      credentials: settled(module.credentials, there?.credentials),
      tags: checkedWhole('tags', module.tags),
      desired: importedSection('desired', module.desired, there?.desired, at),
      reported: importedSection('reported', module.reported, there?.reported, at),
    };
  });
  return settledOnes.sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
}

/** What of the device's modules is stored, to be compared with what shall be. */
export function storedModules(modules: readonly Module[]): DeviceModule[] {
  return modules.map(({ twinVersion: _version, identityChange: _identity, twinChange: _twin, ...stored }) => stored);
}

function ensureCount(count: number): void {
  if (count > MODULES_MAX) throw new Rejected<DeviceRejection>('too-many-modules', `a device has at most ${MODULES_MAX} modules`);
}
