import { deviceKeyOf } from './clients';
import type { DeviceCalls } from './device-calls';

export const initialTwin = { tags: { site: 'north' }, properties: { desired: { interval: 60 } } };

export const policies = {
  migrate: { updateHubAssignment: true, migrateDeviceData: true },
  reset: { updateHubAssignment: true, migrateDeviceData: false },
  never: { updateHubAssignment: false, migrateDeviceData: false },
} as const;

/** One device of an enrollment whose hubs and policy can be changed. */
export interface MovableDevice {
  readonly registrationId: string;
  /** base64 */
  readonly key: string;
  change(iotHubs: readonly string[], reprovisionPolicy: object): Promise<void>;
}

/** Enrolls one device on its own or as the only one of a group, with a twin to begin with. */
export async function enrollMovable(
  calls: DeviceCalls,
  kind: 'individual' | 'group',
  registrationId: string,
  settings: object,
): Promise<MovableDevice> {
  const { administrator } = calls.service;
  const all = { allocationPolicy: 'static', initialTwin, ...settings };
  if (kind === 'individual') {
    const { key } = await calls.enroll(all, registrationId);
    const change = async (iotHubs: readonly string[], reprovisionPolicy: object): Promise<void> => {
      const { responseBody } = await administrator.getIndividualEnrollment(registrationId);
      await administrator.createOrUpdateIndividualEnrollment({ ...responseBody, iotHubs, reprovisionPolicy } as never);
    };
    return { registrationId, key, change };
  }
  const groupId = `group-of-${registrationId}`;
  const groupKey = await calls.enrollGroup(groupId, all);
  const change = async (iotHubs: readonly string[], reprovisionPolicy: object): Promise<void> => {
    const { responseBody } = await administrator.getEnrollmentGroup(groupId);
    await administrator.createOrUpdateEnrollmentGroup({ ...responseBody, iotHubs, reprovisionPolicy } as never);
  };
  return { registrationId, key: deviceKeyOf(groupKey, registrationId), change };
}
