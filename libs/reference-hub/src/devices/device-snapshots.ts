import { z } from 'zod';
import { JsonValue, Log, Snapshots, SnapshotStore } from '@app/event-sourcing';
import { credentials, deviceModule, jsonObject, section, status } from './device.events';
import { DeviceState } from './device.state';

/** To be raised when a device's state gets another form, or when a fold comes to another state: snapshots made before are ignored. */
export const DEVICE_STATE_VERSION = 1;

const count = z.int().nonnegative();
const counted = { twinVersion: count, identityChange: count, twinChange: count };

const deviceState: z.ZodType<DeviceState> = z.discriminatedUnion('exists', [
  z.strictObject({ exists: z.literal(false), changes: count }),
  z.strictObject({
    exists: z.literal(true),
    changes: count,
    deviceId: z.string(),
    generationId: z.string(),
    status,
    statusReason: z.string().nullable(),
    statusUpdatedAt: z.string().nullable(),
    credentials,
    iotEdge: z.boolean(),
    tags: jsonObject,
    desired: section,
    reported: section,
    modules: z.array(deviceModule.extend(counted).strict()),
    ...counted,
  }),
]);

/** Throws for what is no state of a device. */
export const parseDeviceState = (state: JsonValue): DeviceState => deviceState.parse(state);

export function deviceSnapshots(store: SnapshotStore, log: Log): Snapshots<DeviceState> {
  return new Snapshots({ store, stateVersion: DEVICE_STATE_VERSION, parse: parseDeviceState, log });
}
