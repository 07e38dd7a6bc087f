import { RecordedEvent } from '@app/event-sourcing';
import { AssignmentPlan, RegistrationEvent } from '@app/provisioning';
import { fenceMarker } from '@app/provisioning/registrations/move.steps';
import { deviceCodec } from '@app/reference-hub/devices/device.events';
import { Device, DeviceState, evolve, initialState } from '@app/reference-hub/devices/device.state';

type Started = Extract<RegistrationEvent, { type: 'AssignmentStarted' }>['data'];

interface Change {
  readonly hub: string;
  readonly deviceId: string;
  readonly type: string;
  readonly position: string;
  readonly before: DeviceState;
  readonly after: DeviceState;
}

const STREAM = /^device-([^/]+)\/(.*)$/;
const MARKER_PREFIX = fenceMarker('');

/**
 * Walks the hubs' common log, in which every commit of every hub has its place, and says where it breaks a promise: a device enabled
 * in two hubs at once (I2), an old copy deleted before the new one had all of it (I3), a device let loose after a reset with something
 * else than its initial twin (I4).
 */
export function hubHistoryViolations(hubEvents: readonly RecordedEvent[], operations: ReadonlyMap<string, Started>): string[] {
  const devices = new Map<string, Map<string, DeviceState>>();
  const violations: string[] = [];
  for (const event of hubEvents) {
    const [, hub = '', deviceId = ''] = STREAM.exec(event.stream) ?? [];
    const copies = devices.get(deviceId) ?? new Map<string, DeviceState>();
    devices.set(deviceId, copies);
    const before = copies.get(hub) ?? initialState;
    const after = evolve(before, deviceCodec.decode(event));
    copies.set(hub, after);
    const change = { hub, deviceId, type: event.type, position: event.position, before, after };
    violations.push(...enabledTwice(change, copies), ...lostTwin(change, copies, operations), ...dirtyReset(change, operations));
  }
  return violations;
}

function enabledTwice({ deviceId, position }: Change, copies: ReadonlyMap<string, DeviceState>): string[] {
  const enabled = [...copies].filter(([, state]) => state.exists && state.status === 'enabled').map(([hub]) => hub);
  return enabled.length > 1 ? [`I2: ${deviceId} is enabled in ${enabled.join(' and ')} at ${position}`] : [];
}

function lostTwin(change: Change, copies: ReadonlyMap<string, DeviceState>, operations: ReadonlyMap<string, Started>): string[] {
  const { hub, deviceId, position, before } = change;
  if (change.type !== 'DeviceDeleted' || !before.exists) return [];
  const plan = planBehind(before, operations);
  if (plan?.action !== 'migrate') return [];
  const other = copies.get(hub === plan.from ? plan.to : plan.from);
  if (other?.exists !== true) return [`I3: the last copy of ${deviceId} was deleted at ${hub}, at ${position}`];
  if (hub !== plan.from || carriesAll(before, other)) return [];
  return [`I3: ${deviceId} was deleted at ${hub}, at ${position}, before ${plan.to} had its twin`];
}

function carriesAll(old: Device, copy: Device): boolean {
  const content = ({ tags, desired, reported }: Device): string => canonical([tags, desired.values, reported.values]);
  const notBelow = copy.desired.version >= old.desired.version && copy.reported.version >= old.reported.version;
  return notBelow && content(old) === content(copy);
}

function dirtyReset({ hub, deviceId, position, before, after }: Change, operations: ReadonlyMap<string, Started>): string[] {
  if (!before.exists || !after.exists || before.status === after.status || after.status !== 'enabled') return [];
  const operation = operations.get(operationBehind(before));
  if (operation?.plan.action !== 'reset' || operation.plan.to !== hub) return [];
  const { tags, desired } = operation.initialTwin;
  const clean = canonical([after.tags, after.desired.values, after.reported.values]) === canonical([tags, desired, {}]);
  return clean ? [] : [`I4: ${deviceId} was enabled at ${hub}, at ${position}, with another twin than its initial one`];
}

function planBehind(device: Device, operations: ReadonlyMap<string, Started>): AssignmentPlan | undefined {
  return operations.get(operationBehind(device))?.plan;
}

function operationBehind({ statusReason }: Device): string {
  return statusReason?.startsWith(MARKER_PREFIX) === true ? statusReason.slice(MARKER_PREFIX.length) : '';
}

/** JSON with members in order, so that two of the same content are the same text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
