import { isDeepStrictEqual } from 'node:util';
import { JsonObject, JsonValue } from '@app/event-sourcing';
import { DeviceCredentials, DeviceToPut, HubDevice, HubModule, HubTwin, IdentityPatch, PutCondition } from './hub-gateway';
import { HubAnswer } from './hub-answer';
import { HubCall } from './hub-client';

/** One hub, and how to call it with the connection string of the moment. */
export interface HubSession {
  readonly hostName: string;
  call(call: HubCall): Promise<HubAnswer>;
}

/** How a hub's devices are reached: by the extension of the reference hub, or by the registry every IoT Hub has. */
export interface HubSurface {
  readDevice(hub: HubSession, deviceId: string): Promise<HubDevice | undefined>;
  putDevice(hub: HubSession, device: DeviceToPut, condition: PutCondition): Promise<HubDevice>;
  updateIdentity(hub: HubSession, deviceId: string, patch: IdentityPatch, condition: { tag: string }): Promise<HubDevice>;
  deleteDevice(hub: HubSession, deviceId: string, condition: { tag: string }): Promise<boolean>;
  eraseDevice(hub: HubSession, deviceId: string, options: { readonly deletes: boolean }): Promise<'erased' | 'otherDevice'>;
}

/** Only this word says that the device is not there; any other 404 speaks of the hub, the host or the route. */
export function saysDeviceNotFound(answer: HubAnswer): boolean {
  return answer.status === 404 && answer.errorCode === 'DeviceNotFound';
}

export function saysDeviceExists(answer: HubAnswer): boolean {
  return answer.status === 409 && answer.errorCode === 'DeviceAlreadyExists';
}

/** Whether the identity stands as a call asked for; the members that the call left out do not matter. */
export function identityStandsAs(found: HubDevice, asked: IdentityPatch): boolean {
  return (
    (asked.status === undefined || found.status === asked.status) &&
    (asked.statusReason === undefined || (found.statusReason ?? '') === (asked.statusReason ?? '')) &&
    (asked.iotEdge === undefined || found.iotEdge === asked.iotEdge) &&
    (asked.credentials === undefined || sameCredentials(found.credentials, asked.credentials))
  );
}

/** Whether tags and desired properties stand as asked for. A hub keeps no nulls: they stand for what is absent. */
export function settingsStandAs(found: HubDevice, asked: DeviceToPut): boolean {
  return sameValues(found.twin.tags, asked.twin.tags) && sameValues(found.twin.desired.values, asked.twin.desired.values);
}

/** As `settingsStandAs`, and reported properties, section versions and modules as well. */
export function wholeTwinStandsAs(found: HubDevice, asked: DeviceToPut): boolean {
  return sameTwin(found.twin, asked.twin) && sameModules(found.modules ?? [], asked.modules ?? []);
}

function sameTwin(found: HubTwin, asked: HubTwin): boolean {
  return (
    sameValues(found.tags, asked.tags) &&
    sameValues(found.desired.values, asked.desired.values) &&
    sameValues(found.reported.values, asked.reported.values) &&
    found.desired.version === asked.desired.version &&
    found.reported.version === asked.reported.version
  );
}

function sameModules(found: readonly HubModule[], asked: readonly HubModule[]): boolean {
  if (found.length !== asked.length) return false;
  return asked.every((module) => {
    const there = found.find(({ moduleId }) => moduleId === module.moduleId);
    if (there?.managedBy !== module.managedBy || !sameTwin(there.twin, module.twin)) return false;
    return module.credentials === null || isDeepStrictEqual(there.credentials, module.credentials);
  });
}

function sameCredentials(found: DeviceCredentials | null, asked: DeviceCredentials): boolean {
  return isDeepStrictEqual(found, asked);
}

function sameValues(found: JsonObject, asked: JsonObject): boolean {
  return isDeepStrictEqual(withoutNulls(found), withoutNulls(asked));
}

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}
