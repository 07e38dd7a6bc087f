import { deviceKeyOf } from './clients';
import { Device, DeviceCalls } from './device-calls';
import { initialTwin, policies } from './movable-devices';
import type { RunningService } from './running-service';

/** Linked, and nothing answers there: what is sent there stays on its way. */
export const SILENT_HUB = 'hub-c.localhost';

/** A few devices of two groups and one on its own, as an operator has them before the eyes. */
export class SmallFleet {
  readonly calls: DeviceCalls;

  private constructor(
    readonly service: RunningService,
    /** At the first hub. */
    readonly thermostats: readonly Device[],
    /** At the second hub. */
    readonly pumps: readonly Device[],
    readonly gateway: Device,
  ) {
    this.calls = new DeviceCalls(service);
  }

  static async enroll(service: RunningService, devicesOfGroup = 6): Promise<SmallFleet> {
    const calls = new DeviceCalls(service);
    const [hubA, hubB] = service.hubs;
    const group = async (name: string, hub: string): Promise<Device[]> => {
      const settings = { iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy: policies.migrate, initialTwin };
      const key = await calls.enrollGroup(`${name}s`, settings);
      const ids = Array.from({ length: devicesOfGroup }, (_, index) => `${name}-${String(index + 1).padStart(3, '0')}`);
      return ids.map((registrationId) => ({ registrationId, key: deviceKeyOf(key, registrationId) }));
    };
    const [thermostats, pumps] = [await group('thermostat', hubA), await group('pump', hubB)];
    const gateway = await calls.enroll({ iotHubs: [hubB], initialTwin, reprovisionPolicy: policies.never }, 'gateway-1');
    const fleet = new SmallFleet(service, thermostats, pumps, gateway);
    await Promise.all([...thermostats, ...pumps, gateway].map((device) => calls.register(device)));
    await service.caughtUp();
    return fleet;
  }

  /** Sends a group's devices to another hub as soon as they register again. */
  async redirect(enrollmentGroupId: string, hub: string): Promise<void> {
    const { administrator } = this.service;
    const { responseBody } = await administrator.getEnrollmentGroup(enrollmentGroupId);
    await administrator.createOrUpdateEnrollmentGroup({ ...responseBody, iotHubs: [hub] });
  }

  /** Registers a device that is on its way for good; does not wait for the answer. */
  async sendToSilentHub(registrationId: string): Promise<void> {
    const connectionString = `HostName=${SILENT_HUB};SharedAccessKeyName=owner;SharedAccessKey=${Buffer.alloc(32).toString('base64')}`;
    const answer = await this.service.manage('PUT', `/linked-hubs/${SILENT_HUB}`, { connectionString });
    if (answer.status >= 300) throw new Error(`the silent hub was not linked: ${answer.text}`);
    const device = await this.calls.enroll({ iotHubs: [SILENT_HUB], allocationPolicy: 'static' }, registrationId);
    // Ends with the service at the latest; whatever it answers then is nobody's business.
    void this.calls.put(device).catch(() => undefined);
  }
}
