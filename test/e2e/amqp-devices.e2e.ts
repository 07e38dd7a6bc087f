import { errors } from 'azure-iot-common';
import { AmqpTransport, registerOverAmqp } from '@test/support/amqp-devices';
import { reportProperties } from '@test/support/clients';
import { DeviceCalls } from '@test/support/device-calls';
import { enrollMovable, initialTwin, policies } from '@test/support/movable-devices';
import { RunningService, startService, twinAt } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
let devices = 0;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());

const enroll = (kind: 'individual' | 'group', settings: object) => enrollMovable(calls, kind, `amqp-${++devices}`, settings);

const transports: readonly AmqpTransport[] = ['Amqp', 'AmqpWs'];
const combinations = transports.flatMap((transport) =>
  (['individual', 'group'] as const).map((kind) => [transport, kind] as const),
);

describe.each(combinations)('the unmodified SDK over %s, symmetric key, %s', (transport, kind) => {
  async function arrive(reprovisionPolicy: object) {
    const [hubA, hubB] = service.hubs;
    const device = await enroll(kind, { iotHubs: [hubA], reprovisionPolicy });
    const { registrationId, key } = device;
    const register = () => registerOverAmqp(service, { transport, registrationId, key });
    const first = await register();
    expect(first).toMatchObject({ status: 'assigned', assignedHub: hubA, deviceId: registrationId });
    expect(first.substatus).toBe('initialAssignment');
    await reportProperties(service.endpoint, hubA, registrationId, key, { firmware: '1.0' });
    await device.change([hubB], reprovisionPolicy);
    return { registrationId, again: await register(), hubA, hubB };
  }

  it('first, and migrate', async () => {
    const { registrationId, again, hubA, hubB } = await arrive(policies.migrate);
    expect(again).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataMigrated' });
    expect(await twinAt(service.registry(hubB), registrationId)).toMatchObject({ reported: { firmware: '1.0' } });
    expect(await twinAt(service.registry(hubA), registrationId)).toBeUndefined();
  });

  it('first, and reset', async () => {
    const { registrationId, again, hubB } = await arrive(policies.reset);
    expect(again).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataReset' });
    const twin = await twinAt(service.registry(hubB), registrationId);
    expect(twin).toMatchObject({ tags: initialTwin.tags, desired: initialTwin.properties.desired, reported: {} });
  });

  it('first, and never', async () => {
    const { registrationId, again, hubA, hubB } = await arrive(policies.never);
    expect(again).toMatchObject({ assignedHub: hubA, substatus: 'initialAssignment' });
    expect(await twinAt(service.registry(hubB), registrationId)).toBeUndefined();
  });

  it('a wrong key is refused before anything is asked', async () => {
    const { registrationId } = await enroll(kind, {});
    const key = Buffer.alloc(32, 7).toString('base64');
    const refused = registerOverAmqp(service, { transport, registrationId, key });
    // The SDK goes on after a failed authentication and says no more than this; the log of the service says why.
    await expect(refused).rejects.toThrow(errors.NotConnectedError);
  });
});

describe('a device over AMQP', () => {
  it('is known by its transport, api-version, client and payload', async () => {
    const device = await enroll('individual', { allocationPolicy: 'hashed' });
    await registerOverAmqp(service, { ...device, transport: 'Amqp', payload: { line: 7 } });
    const { text } = await calls.events(device.registrationId);
    expect(text).toContain('"transport":"amqp"');
    expect(text).toContain('"apiVersion":"2019-03-31"');
    expect(text).toContain('azure-iot-provisioning-device/');
    expect(text).toContain('"line":7');
  });

  it('of a disabled enrollment is told so by its status', async () => {
    const device = await enroll('individual', { allocationPolicy: 'hashed', provisioningStatus: 'disabled' });
    await expect(registerOverAmqp(service, { ...device, transport: 'Amqp' })).rejects.toThrow('disabled');
  });

  it('that nobody enrolled is not let in', async () => {
    const key = Buffer.alloc(32, 1).toString('base64');
    const refused = registerOverAmqp(service, { transport: 'Amqp', registrationId: 'stranger', key });
    await expect(refused).rejects.toThrow(errors.NotConnectedError);
    expect(service.process.output()).toContain('"protocol":"amqp","reason":"credentials"');
  });

  it('whose hub is not linked has the failure as the result of its registration', async () => {
    const device = await enroll('individual', { iotHubs: ['nowhere.example'] });
    const refused = registerOverAmqp(service, { ...device, transport: 'Amqp' });
    await expect(refused).rejects.toMatchObject({ result: { registrationState: { errorCode: 400208 } } });
  });
});

describe('an instance that does not wait', () => {
  it('answers assigning, and the poll of the same connection tells the rest', async () => {
    const impatient = await startService({ REHOME_REGISTER_WAIT_MS: '0', REHOME_RETRY_AFTER_S: '0', REHOME_LOG_LEVEL: 'warn' });
    try {
      const device = await enrollMovable(new DeviceCalls(impatient), 'individual', 'poller', { allocationPolicy: 'hashed' });
      for (const transport of transports) {
        expect(await registerOverAmqp(impatient, { ...device, transport })).toMatchObject({ status: 'assigned' });
      }
    } finally {
      await impatient.close();
    }
  });
});
