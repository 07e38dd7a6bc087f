import { DeviceToPut, HubConflict, HubDevice, HubRefused, IdentityPatch, PutCondition } from './hub-gateway';
import { HubAnswer, refusal } from './hub-answer';
import { devicePath } from './hub-client';
import {
  deviceOf,
  IdentityDocument,
  identityDocument,
  readIdentity,
  readTwin,
  TwinDocument,
  twinStandsAs,
} from './hub-documents';
import { HubSession, HubSurface, identityStandsAs, saysDeviceExists, saysDeviceNotFound, settingsStandAs } from './hub-surface';

/** A device that changes between being read and being deleted is read again. */
const ERASE_ATTEMPTS_MAX = 10;

interface Found {
  readonly identity: IdentityDocument;
  readonly twin: TwinDocument;
}

/**
 * IoT Hub's public registry (wire contract §6.3), with what it cannot do: reported properties and section versions cannot be written,
 * identity and twin are two resources, so a put is two calls, and a condition on both is a look at the twin just before a call that
 * is conditional on the identity. A back end that changes tags or desired properties within those milliseconds is not noticed; the
 * device itself cannot, because it is disabled during a move.
 */
export const registrySurface: HubSurface = {
  async readDevice(hub: HubSession, deviceId: string): Promise<HubDevice | undefined> {
    const found = await find(hub, deviceId);
    return found === undefined ? undefined : deviceOf(found.identity, found.twin);
  },

  async putDevice(hub: HubSession, device: DeviceToPut, condition: PutCondition): Promise<HubDevice> {
    return condition === 'absent' ? createDevice(hub, device) : replaceDevice(hub, device, condition.tag);
  },

  async updateIdentity(hub: HubSession, deviceId: string, patch: IdentityPatch, condition: { tag: string }): Promise<HubDevice> {
    const before = await findTagged(hub, deviceId, condition.tag);
    const identity = await putIdentity(hub, deviceId, patch, before.identity);
    return deviceOf(identity, await getTwin(hub, deviceId));
  },

  async eraseDevice(hub: HubSession, deviceId: string, { deletes }): Promise<'erased' | 'otherDevice'> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.readDevice(hub, deviceId);
      if (found === undefined) return 'erased';
      if (!deletes) return 'otherDevice';
      try {
        await this.deleteDevice(hub, deviceId, { tag: found.tag });
        return 'erased';
      } catch (error) {
        if (!(error instanceof HubConflict) || attempt >= ERASE_ATTEMPTS_MAX) throw error;
      }
    }
  },

  async deleteDevice(hub: HubSession, deviceId: string, condition: { tag: string }): Promise<boolean> {
    const found = await find(hub, deviceId);
    if (found === undefined) return false;
    if (deviceOf(found.identity, found.twin).tag !== condition.tag) throw new HubConflict(hub.hostName, deviceId);
    const answer = await hub.call(deletion(deviceId, found.identity));
    if (answer.status === 204 || answer.status === 200) return true;
    if (saysDeviceNotFound(answer)) return answer.repeated;
    if (answer.status === 412) throw new HubConflict(hub.hostName, deviceId);
    throw refusal(hub.hostName, answer);
  },
};

async function createDevice(hub: HubSession, device: DeviceToPut): Promise<HubDevice> {
  const { deviceId } = device;
  const answer = await hub.call({ method: 'PUT', path: identityPath(deviceId), body: identityDocument(deviceId, device) });
  const identity = await identityAfter(hub, deviceId, device, answer);
  try {
    if (isEmpty(device)) return deviceOf(identity, await getTwin(hub, deviceId));
    return deviceOf(identity, await putTwin(hub, device, '*'));
  } catch (error) {
    // Half a device would be taken for a stranger by the next attempt; the hub's refusal is what counts if it cannot be removed.
    if (error instanceof HubRefused) await hub.call(deletion(deviceId, identity)).catch(() => undefined);
    throw error;
  }
}

async function replaceDevice(hub: HubSession, device: DeviceToPut, tag: string): Promise<HubDevice> {
  const before = await findTagged(hub, device.deviceId, tag);
  const identity = await putIdentity(hub, device.deviceId, device, before.identity);
  const twin = await getTwin(hub, device.deviceId);
  if (!twinStandsAs(tag, before.identity, twin)) throw new HubConflict(hub.hostName, device.deviceId);
  return deviceOf(identity, await putTwin(hub, device, twin.etag));
}

async function find(hub: HubSession, deviceId: string): Promise<Found | undefined> {
  const [identity, twin] = await Promise.all([
    hub.call({ method: 'GET', path: identityPath(deviceId) }),
    hub.call({ method: 'GET', path: twinPath(deviceId) }),
  ]);
  // One of two parallel reads may see the device before or after the moment it comes or goes.
  if (saysDeviceNotFound(identity) || saysDeviceNotFound(twin)) return undefined;
  if (identity.status !== 200) throw refusal(hub.hostName, identity);
  if (twin.status !== 200) throw refusal(hub.hostName, twin);
  return { identity: readIdentity(hub.hostName, identity), twin: readTwin(hub.hostName, twin) };
}

async function findTagged(hub: HubSession, deviceId: string, tag: string): Promise<Found> {
  const found = await find(hub, deviceId);
  if (found !== undefined && deviceOf(found.identity, found.twin).tag === tag) return found;
  throw new HubConflict(hub.hostName, deviceId);
}

async function putIdentity(
  hub: HubSession,
  deviceId: string,
  patch: IdentityPatch,
  before: IdentityDocument,
): Promise<IdentityDocument> {
  const body = identityDocument(deviceId, patch, before);
  const answer = await hub.call({ method: 'PUT', path: identityPath(deviceId), body, ifMatch: `"${before.etag}"` });
  return identityAfter(hub, deviceId, patch, answer);
}

/** The identity after a PUT; one that stands as asked for after an answer was lost is ours. */
async function identityAfter(
  hub: HubSession,
  deviceId: string,
  asked: IdentityPatch,
  answer: HubAnswer,
): Promise<IdentityDocument> {
  if (answer.status === 200) return readIdentity(hub.hostName, answer);
  if (!saysDeviceExists(answer) && answer.status !== 412 && !saysDeviceNotFound(answer)) throw refusal(hub.hostName, answer);
  const found = answer.repeated ? await find(hub, deviceId) : undefined;
  if (found !== undefined && identityStandsAs(deviceOf(found.identity, found.twin), asked)) return found.identity;
  throw new HubConflict(hub.hostName, deviceId);
}

/** Replaces tags and desired properties. */
async function putTwin(hub: HubSession, device: DeviceToPut, etag: string): Promise<TwinDocument> {
  const { deviceId, twin } = device;
  const body = { deviceId, tags: twin.tags, properties: { desired: twin.desired.values } };
  const answer = await hub.call({ method: 'PUT', path: twinPath(deviceId), body, ifMatch: `"${etag}"` });
  if (answer.status === 200) return readTwin(hub.hostName, answer);
  if (answer.status !== 412 && !saysDeviceNotFound(answer)) throw refusal(hub.hostName, answer);
  const found = answer.repeated ? await find(hub, deviceId) : undefined;
  if (found !== undefined && settingsStandAs(deviceOf(found.identity, found.twin), device)) return found.twin;
  throw new HubConflict(hub.hostName, deviceId);
}

async function getTwin(hub: HubSession, deviceId: string): Promise<TwinDocument> {
  const answer = await hub.call({ method: 'GET', path: twinPath(deviceId) });
  if (answer.status === 200) return readTwin(hub.hostName, answer);
  if (saysDeviceNotFound(answer)) throw new HubConflict(hub.hostName, deviceId);
  throw refusal(hub.hostName, answer);
}

function deletion(deviceId: string, { etag }: IdentityDocument): { method: 'DELETE'; path: string; ifMatch: string } {
  return { method: 'DELETE', path: identityPath(deviceId), ifMatch: `"${etag}"` };
}

/** A new device's twin is empty already. */
function isEmpty({ twin }: DeviceToPut): boolean {
  return Object.keys(twin.tags).length === 0 && Object.keys(twin.desired.values).length === 0;
}

const identityPath = (deviceId: string): string => devicePath('/devices', deviceId);
const twinPath = (deviceId: string): string => devicePath('/twins', deviceId);
