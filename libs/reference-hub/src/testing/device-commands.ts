import { JsonObject } from '@app/event-sourcing';
import { Condition, GivenCredentials } from '../devices/device.checks';
import { CreateDevice, deviceDecider, DeviceCommand, ImportDevice } from '../devices/device.decider';
import { deviceCodec, DeviceEvent } from '../devices/device.events';
import { Device, DeviceState } from '../devices/device.state';

export const at = '2026-01-01T00:00:00.000Z';
export const later = '2026-02-02T00:00:00.000Z';
export const sealed = (name: string): { sealed: string; fingerprint: string } => ({
  sealed: `sealed ${name}`,
  fingerprint: name,
});
export const sas: GivenCredentials = { type: 'sas', primaryKey: { given: sealed('p') }, secondaryKey: { given: sealed('s') } };
export const generated: GivenCredentials = {
  type: 'sas',
  primaryKey: { generated: sealed('generated p') },
  secondaryKey: { generated: sealed('generated s') },
};

export const create: CreateDevice = {
  type: 'CreateDevice',
  deviceId: 'dev',
  generationId: 'gen-1',
  identity: { credentials: sas },
  tags: {},
  desired: {},
  at,
};
export const importDevice: ImportDevice = {
  type: 'ImportDevice',
  deviceId: 'dev',
  generationId: 'gen-2',
  status: 'disabled',
  statusReason: null,
  credentials: sas,
  iotEdge: false,
  tags: { a: 1 },
  desired: { values: { b: 2 }, version: 7, metadata: { $lastUpdated: at, b: { $lastUpdated: at } } },
  reported: { values: { c: 3 }, version: 9, metadata: null },
  modules: [],
  condition: 'absent',
  at,
};
export const patch = (
  desired: JsonObject | null,
  tags: JsonObject | null = null,
  condition: Condition = 'any',
): DeviceCommand => ({
  type: 'PatchTwin',
  tags,
  desired,
  condition,
  at: later,
});
export const replace = (desired: JsonObject | null, tags: JsonObject | null = null): DeviceCommand => ({
  type: 'ReplaceTwin',
  tags,
  desired,
  condition: 'any',
  at: later,
});
export const report = (reported: JsonObject): DeviceCommand => ({ type: 'ReportProperties', patch: reported, at: later });
export const setStatus = (status: 'enabled' | 'disabled', condition: Condition = 'any'): DeviceCommand => ({
  type: 'UpdateIdentity',
  identity: { status },
  condition,
  at: later,
});
export const remove = (condition: Condition = 'any'): DeviceCommand => ({ type: 'DeleteDevice', condition, at: later });

/** The state after the commands, each of which is accepted; what they add survives being stored. */
export function after(...commands: readonly DeviceCommand[]): DeviceState {
  return commands.reduce((state, command) => apply(state, command), deviceDecider.initialState);
}

export function apply(state: DeviceState, command: DeviceCommand): DeviceState {
  return deviceDecider.decide(command, state).reduce((folded, event) => deviceDecider.evolve(folded, stored(event)), state);
}

export function stored(event: DeviceEvent): DeviceEvent {
  const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;
  const encoded = deviceCodec.encode(event, 'id', metadata);
  return deviceCodec.decode(JSON.parse(JSON.stringify(encoded)) as typeof encoded);
}

export function device(...commands: readonly DeviceCommand[]): Device {
  const state = after(...commands);
  if (!state.exists) throw new Error('there is no device');
  return state;
}

/** The events that the commands add, each of which is accepted. */
export function history(...commands: readonly DeviceCommand[]): readonly DeviceEvent[] {
  const events: DeviceEvent[] = [];
  let state = deviceDecider.initialState;
  for (const command of commands) {
    const added = deviceDecider.decide(command, state);
    state = added.reduce((folded, event) => deviceDecider.evolve(folded, event), state);
    events.push(...added);
  }
  return events;
}
