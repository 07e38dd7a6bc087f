import { JsonObject } from '@app/event-sourcing';
import { Credentials, DeviceEvent, DeviceStatus, Section } from './device.events';
import { evolveModules, importedModules, Module } from './module.state';
import { mergePatch, newSection, patchSection, replaceSection } from './twin-section';

/** `changes` counts the events of the stream, generations before included, so that no tag is ever given twice. */
export interface AbsentDevice {
  readonly exists: false;
  readonly changes: number;
}

export interface Device {
  readonly exists: true;
  readonly changes: number;
  readonly deviceId: string;
  readonly generationId: string;
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  /** ISO 8601; null while the status is the first one. */
  readonly statusUpdatedAt: string | null;
  readonly credentials: Credentials;
  readonly iotEdge: boolean;
  readonly tags: JsonObject;
  readonly desired: Section;
  readonly reported: Section;
  /** In the order of their ids. */
  readonly modules: readonly Module[];
  /** Counts changes of tags and desired properties. */
  readonly twinVersion: number;
  /** Values of `changes` at the last change of the identity, and of tags or desired properties: what the etags are made of. */
  readonly identityChange: number;
  readonly twinChange: number;
}

export type DeviceState = AbsentDevice | Device;

export const initialState: DeviceState = { exists: false, changes: 0 };

export function evolve(state: DeviceState, event: DeviceEvent): DeviceState {
  const changes = state.changes + 1;
  switch (event.type) {
    case 'DeviceCreated': {
      const { desired, at, ...device } = event.data;
      return {
        exists: true,
        changes,
        ...device,
        statusUpdatedAt: null,
        desired: newSection('desired', desired, 1, at),
        reported: newSection('reported', {}, 1, at),
        modules: [],
        twinVersion: 1,
        identityChange: changes,
        twinChange: changes,
      };
    }
    case 'DeviceImported': {
      const { at, modules, ...device } = event.data;
      return {
        exists: true,
        changes,
        ...device,
        statusUpdatedAt: statusUpdatedAt(state, device.status, at),
        modules: importedModules(modules ?? [], state.exists ? state.modules : [], changes),
        twinVersion: Math.max(state.exists ? state.twinVersion + 1 : 1, device.desired.version),
        identityChange: changes,
        twinChange: changes,
      };
    }
    case 'DeviceDeleted':
      return { exists: false, changes };
    case 'DeviceIdentityUpdated':
    case 'TwinPatched':
    case 'TwinReplaced':
    case 'ReportedPropertiesPatched':
    case 'ModuleCreated':
    case 'ModuleIdentityUpdated':
    case 'ModuleTwinPatched':
    case 'ModuleTwinReplaced':
    case 'ModuleReportedPropertiesPatched':
    case 'ModuleDeleted':
      // Never met after a deletion, because the decider refuses such commands.
      return state.exists ? change({ ...state, changes }, event) : { exists: false, changes };
  }
}

type Change = Exclude<DeviceEvent, { type: 'DeviceCreated' | 'DeviceImported' | 'DeviceDeleted' }>;

function change(device: Device, event: Change): Device {
  const { changes, twinVersion } = device;
  switch (event.type) {
    case 'DeviceIdentityUpdated': {
      const { at, ...identity } = event.data;
      return {
        ...device,
        ...identity,
        statusUpdatedAt: statusUpdatedAt(device, identity.status, at),
        identityChange: changes,
      };
    }
    case 'TwinPatched': {
      const { tags, desired, at } = event.data;
      return {
        ...device,
        tags: tags === null ? device.tags : mergePatch(device.tags, tags),
        desired: desired === null ? device.desired : patchSection('desired', device.desired, desired, at),
        twinVersion: twinVersion + 1,
        twinChange: changes,
      };
    }
    case 'TwinReplaced': {
      const { tags, desired, at } = event.data;
      return {
        ...device,
        tags: tags ?? device.tags,
        desired: desired === null ? device.desired : replaceSection('desired', device.desired, desired, at),
        twinVersion: twinVersion + 1,
        twinChange: changes,
      };
    }
    case 'ReportedPropertiesPatched':
      return { ...device, reported: patchSection('reported', device.reported, event.data.patch, event.data.at) };
    case 'ModuleCreated':
    case 'ModuleIdentityUpdated':
    case 'ModuleTwinPatched':
    case 'ModuleTwinReplaced':
    case 'ModuleReportedPropertiesPatched':
    case 'ModuleDeleted':
      return { ...device, modules: evolveModules(device.modules, event, changes) };
  }
}

function statusUpdatedAt(before: DeviceState, status: DeviceStatus, at: string): string | null {
  if (!before.exists) return null;
  return before.status === status ? before.statusUpdatedAt : at;
}
