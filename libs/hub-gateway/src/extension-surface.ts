import { DeviceToPut, HubConflict, HubDevice, IdentityPatch, PutCondition } from './hub-gateway';
import { refusal } from './hub-answer';
import { devicePath } from './hub-client';
import { readWholeDevice } from './hub-documents';
import { HubSession, HubSurface, identityStandsAs, saysDeviceExists, saysDeviceNotFound, wholeTwinStandsAs } from './hub-surface';

const path = (deviceId: string): string => devicePath('/rehome/devices', deviceId);

/** One call per step, identity and twin in one, each conditional on the tag of the whole device; nothing is lost, nothing half done. */
export const extensionSurface: HubSurface = {
  async readDevice(hub: HubSession, deviceId: string): Promise<HubDevice | undefined> {
    const answer = await hub.call({ method: 'GET', path: path(deviceId) });
    if (answer.status === 200) return readWholeDevice(hub.hostName, answer);
    if (saysDeviceNotFound(answer)) return undefined;
    throw refusal(hub.hostName, answer);
  },

  async putDevice(hub: HubSession, device: DeviceToPut, condition: PutCondition): Promise<HubDevice> {
    const header = condition === 'absent' ? { ifNoneMatch: '*' } : { ifMatch: `"${condition.tag}"` };
    const answer = await hub.call({ method: 'PUT', path: path(device.deviceId), body: device, ...header });
    if (answer.status === 200 || answer.status === 201) return readWholeDevice(hub.hostName, answer);
    if (!saysDeviceExists(answer) && answer.status !== 412 && !saysDeviceNotFound(answer)) throw refusal(hub.hostName, answer);
    const found = answer.repeated ? await this.readDevice(hub, device.deviceId) : undefined;
    // The answer to the first attempt was lost: what we asked for stands there, and it is ours.
    if (found !== undefined && identityStandsAs(found, device) && wholeTwinStandsAs(found, device)) return found;
    throw new HubConflict(hub.hostName, device.deviceId);
  },

  async updateIdentity(hub: HubSession, deviceId: string, patch: IdentityPatch, condition: { tag: string }): Promise<HubDevice> {
    const answer = await hub.call({ method: 'PATCH', path: path(deviceId), body: patch, ifMatch: `"${condition.tag}"` });
    if (answer.status === 200) return readWholeDevice(hub.hostName, answer);
    if (answer.status !== 412 && !saysDeviceNotFound(answer)) throw refusal(hub.hostName, answer);
    const found = answer.repeated ? await this.readDevice(hub, deviceId) : undefined;
    if (found !== undefined && identityStandsAs(found, patch)) return found;
    throw new HubConflict(hub.hostName, deviceId);
  },

  async eraseDevice(hub: HubSession, deviceId: string, { deletes }): Promise<'erased' | 'otherDevice'> {
    const answer = await hub.call({ method: 'POST', path: `${path(deviceId)}/erase`, body: { deletes } });
    if (answer.status === 204 || answer.status === 200) return 'erased';
    if (saysDeviceExists(answer)) return 'otherDevice';
    throw refusal(hub.hostName, answer);
  },

  async deleteDevice(hub: HubSession, deviceId: string, condition: { tag: string }): Promise<boolean> {
    const answer = await hub.call({ method: 'DELETE', path: path(deviceId), ifMatch: `"${condition.tag}"` });
    if (answer.status === 204 || answer.status === 200) return true;
    if (saysDeviceNotFound(answer)) return answer.repeated;
    if (answer.status === 412) throw new HubConflict(hub.hostName, deviceId);
    throw refusal(hub.hostName, answer);
  },
};
