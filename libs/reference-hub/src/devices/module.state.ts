import { DeviceEvent, DeviceModule } from './device.events';
import { mergePatch, newSection, patchSection, replaceSection } from './twin-section';

/** A module of an edge device: an identity and a twin of its own, in the stream of its device. */
export interface Module extends DeviceModule {
  /** As of a device: counts changes of tags and desired properties. */
  readonly twinVersion: number;
  /** Values of the device's `changes` at the last change of the identity, and of the twin. */
  readonly identityChange: number;
  readonly twinChange: number;
}

export type ModuleEvent = Extract<DeviceEvent, { type: `Module${string}` }>;

export function findModule(modules: readonly Module[], moduleId: string): Module | undefined {
  return modules.find((module) => module.moduleId === moduleId);
}

/** Modules in the order of their ids. */
export function evolveModules(modules: readonly Module[], event: ModuleEvent, changes: number): readonly Module[] {
  const { moduleId } = event.data;
  const others = modules.filter((module) => module.moduleId !== moduleId);
  if (event.type === 'ModuleDeleted') return others;
  const before = findModule(modules, moduleId);
  const after = event.type === 'ModuleCreated' ? created(event.data, changes) : before && changed(before, event, changes);
  return after === undefined ? modules : inOrder([...others, after]);
}

/** The modules that came with a device as a whole. */
export function importedModules(given: readonly DeviceModule[], before: readonly Module[], changes: number): readonly Module[] {
  return inOrder(
    given.map((module) => {
      const { twinVersion } = findModule(before, module.moduleId) ?? { twinVersion: 0 };
      const version = Math.max(twinVersion + 1, module.desired.version);
      return { ...module, twinVersion: version, identityChange: changes, twinChange: changes };
    }),
  );
}

function created(data: Extract<ModuleEvent, { type: 'ModuleCreated' }>['data'], changes: number): Module {
  const { at, ...module } = data;
  return {
    ...module,
    tags: {},
    desired: newSection('desired', {}, 1, at),
    reported: newSection('reported', {}, 1, at),
    twinVersion: 1,
    identityChange: changes,
    twinChange: changes,
  };
}

type Change = Exclude<ModuleEvent, { type: 'ModuleCreated' | 'ModuleDeleted' }>;

function changed(module: Module, event: Change, changes: number): Module {
  const twinVersion = module.twinVersion + 1;
  switch (event.type) {
    case 'ModuleIdentityUpdated': {
      const { managedBy, credentials } = event.data;
      return { ...module, managedBy, credentials, identityChange: changes };
    }
    case 'ModuleTwinPatched': {
      const { tags, desired, at } = event.data;
      return {
        ...module,
        tags: tags === null ? module.tags : mergePatch(module.tags, tags),
        desired: desired === null ? module.desired : patchSection('desired', module.desired, desired, at),
        twinVersion,
        twinChange: changes,
      };
    }
    case 'ModuleTwinReplaced': {
      const { tags, desired, at } = event.data;
      return {
        ...module,
        tags: tags ?? module.tags,
        desired: desired === null ? module.desired : replaceSection('desired', module.desired, desired, at),
        twinVersion,
        twinChange: changes,
      };
    }
    case 'ModuleReportedPropertiesPatched':
      return { ...module, reported: patchSection('reported', module.reported, event.data.patch, event.data.at) };
  }
}

const inOrder = (modules: readonly Module[]): readonly Module[] =>
  [...modules].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
