import { deviceKeyOf, reportProperties } from '@test/support/clients';
import { DeviceCalls } from '@test/support/device-calls';
import { MqttTransport, registerOverMqtt } from '@test/support/mqtt-devices';
import { RunningService, startService, twinAt } from '@test/support/running-service';

const initialTwin = { tags: { site: 'north' }, properties: { desired: { interval: 60 } } };
const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: false };

let service: RunningService;
let calls: DeviceCalls;
let devices = 0;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());

/** One device of an enrollment whose hub and policy can be changed. */
interface Enrolled {
  readonly registrationId: string;
  readonly key: string;
  change(iotHubs: readonly string[], reprovisionPolicy: object): Promise<void>;
}

async function enroll(kind: 'individual' | 'group', first: object): Promise<Enrolled> {
  const registrationId = `mqtt-${++devices}`;
  const { administrator } = service;
  const settings = { allocationPolicy: 'static', initialTwin, ...first };
  if (kind === 'individual') {
    const { key } = await calls.enroll(settings, registrationId);
    return {
      registrationId,
      key,
      change: async (iotHubs, reprovisionPolicy) => {
        const { responseBody } = await administrator.getIndividualEnrollment(registrationId);
        await administrator.createOrUpdateIndividualEnrollment({ ...responseBody, iotHubs, reprovisionPolicy } as never);
      },
    };
  }
  const groupId = `group-of-${registrationId}`;
  const groupKey = await calls.enrollGroup(groupId, settings);
  return {
    registrationId,
    key: deviceKeyOf(groupKey, registrationId),
    change: async (iotHubs, reprovisionPolicy) => {
      const { responseBody } = await administrator.getEnrollmentGroup(groupId);
      await administrator.createOrUpdateEnrollmentGroup({ ...responseBody, iotHubs, reprovisionPolicy } as never);
    },
  };
}

const transports: readonly MqttTransport[] = ['Mqtt', 'MqttWs'];
const combinations = transports.flatMap((transport) =>
  (['individual', 'group'] as const).map((kind) => [transport, kind] as const),
);

describe.each(combinations)('the unmodified SDK over %s, symmetric key, %s', (transport, kind) => {
  async function arrive(reprovisionPolicy: object) {
    const [hubA, hubB] = service.hubs;
    const device = await enroll(kind, { iotHubs: [hubA], reprovisionPolicy });
    const { registrationId, key } = device;
    const register = () => registerOverMqtt(service, { transport, registrationId, key });
    const first = await register();
    expect(first).toMatchObject({ status: 'assigned', assignedHub: hubA, deviceId: registrationId });
    expect(first.substatus).toBe('initialAssignment');
    await reportProperties(service.endpoint, hubA, registrationId, key, { firmware: '1.0' });
    await device.change([hubB], reprovisionPolicy);
    return { registrationId, again: await register(), hubA, hubB };
  }

  it('first, and migrate', async () => {
    const { registrationId, again, hubA, hubB } = await arrive(migrate);
    expect(again).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataMigrated' });
    expect(await twinAt(service.registry(hubB), registrationId)).toMatchObject({ reported: { firmware: '1.0' } });
    expect(await twinAt(service.registry(hubA), registrationId)).toBeUndefined();
  });

  it('first, and reset', async () => {
    const { registrationId, again, hubB } = await arrive(reset);
    expect(again).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataReset' });
    const twin = await twinAt(service.registry(hubB), registrationId);
    expect(twin).toMatchObject({ tags: initialTwin.tags, desired: initialTwin.properties.desired, reported: {} });
  });

  it('first, and never', async () => {
    const { registrationId, again, hubA, hubB } = await arrive(never);
    expect(again).toMatchObject({ assignedHub: hubA, substatus: 'initialAssignment' });
    expect(await twinAt(service.registry(hubB), registrationId)).toBeUndefined();
  });

  it('a wrong key is refused at CONNECT', async () => {
    const { registrationId } = await enroll(kind, {});
    const key = Buffer.alloc(32, 7).toString('base64');
    await expect(registerOverMqtt(service, { transport, registrationId, key })).rejects.toThrow(/Not authorized/);
  });
});

describe('what the log says of a device over MQTT', () => {
  it('names the transport, the api-version and the client', async () => {
    const device = await enroll('individual', { allocationPolicy: 'hashed' });
    await registerOverMqtt(service, { ...device, transport: 'Mqtt', payload: { line: 7 } });
    const { text } = await calls.events(device.registrationId);
    expect(text).toContain('"transport":"mqtt"');
    expect(text).toContain('"apiVersion":"2019-03-31"');
    expect(text).toContain('azure-iot-provisioning-device/');
    expect(text).toContain('"line":7');
  });

  it('a disabled enrollment is told so by its status', async () => {
    const device = await enroll('individual', { allocationPolicy: 'hashed', provisioningStatus: 'disabled' });
    await expect(registerOverMqtt(service, { ...device, transport: 'Mqtt' })).rejects.toThrow('disabled');
  });

  it('two services side by side have ports of their own', async () => {
    const other = await startService({ REHOME_LOG_LEVEL: 'warn' });
    try {
      expect(other.facts.mqttPort).not.toBe(service.facts.mqttPort);
      const { key } = await new DeviceCalls(other).enroll({}, 'elsewhere');
      const result = await registerOverMqtt(other, { transport: 'Mqtt', registrationId: 'elsewhere', key });
      expect(result.status).toBe('assigned');
    } finally {
      await other.close();
    }
  });
});
