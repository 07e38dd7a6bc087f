import { desiredSeen, HubDevice, HubDoors } from '@test/support/hub-device';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { RunningService, startService, twinAt } from '@test/support/running-service';
import { hubClient, registerDevice, reportProperties } from '@test/support/clients';
import { until } from '@test/support/until';

let service: RunningService;
let calls: DeviceCalls;
let doors: HubDoors;
let restoreNames: () => void;
const open: HubDevice[] = [];

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  service = await startService();
  calls = new DeviceCalls(service);
  doors = { ...service.endpoint, mqttPort: service.facts.mqttPort };
});
afterEach(async () => {
  for (const device of open.splice(0)) await device.close().catch(() => undefined);
});
afterAll(async () => {
  await service.close();
  restoreNames();
});

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const entryAt = (hub: string): object => ({ iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy: migrate });

async function register({ registrationId, key }: Enrolled): Promise<string> {
  const identity = { idScope: service.facts.idScope, registrationId, key };
  return (await registerDevice(service.endpoint, service.host, identity)).assignedHub;
}

async function live(hub: string, { registrationId, key }: Enrolled, transport: 'Mqtt' | 'MqttWs' = 'Mqtt'): Promise<HubDevice> {
  const device = await HubDevice.connect({ doors, hub, deviceId: registrationId, key, transport });
  open.push(device);
  return device;
}

/** The enrollment sends the device to `hub` from its next registration on. */
async function send(registrationId: string, hub: string): Promise<void> {
  const { responseBody } = await service.administrator.getIndividualEnrollment(registrationId);
  await service.administrator.createOrUpdateIndividualEnrollment({ ...responseBody, ...entryAt(hub) });
}

describe.each(['Mqtt', 'MqttWs'] as const)('a device that lives on a hub over %s', (transport) => {
  it('answers a direct method that a back end invokes with the unmodified hub client', async () => {
    const [hubA] = service.hubs;
    const enrolled = await calls.enroll(entryAt(hubA));
    await register(enrolled);
    const device = await live(hubA, enrolled, transport);
    device.onMethod('reboot', (payload) => ({ status: 202, payload: { in: payload } }));
    const client = hubClient(service.endpoint, service.facts.hubConnectionStrings[0] ?? '');
    const { result } = (await client.invokeDeviceMethod(enrolled.registrationId, {
      methodName: 'reboot',
      payload: { seconds: 5 },
      responseTimeoutInSeconds: 10,
    })) as { result: unknown };
    expect(result).toEqual({ status: 202, payload: { in: { seconds: 5 } } });
  });

  it('moves: dropped and refused at the old hub, its twin goes along, and it is told to by a method', async () => {
    const [hubA, hubB] = service.hubs;
    const enrolled = await calls.enroll(entryAt(hubA));
    const { registrationId } = enrolled;
    expect(await register(enrolled)).toBe(hubA);
    const device = await live(hubA, enrolled, transport);
    const twin = await device.twin();
    await device.report(twin, { firmware: '1.2.3' });
    await device.send('hello');
    const seen = desiredSeen(twin);
    await until('it has seen two changes of its twin', async () => {
      await service.registry(hubA).updateTwin(registrationId, { properties: { desired: { tick: seen.length } } }, '*');
      return seen.length >= 2;
    });

    await send(registrationId, hubB);
    let told = 0;
    device.onMethod('reprovision', () => ({ status: 200, payload: { told: ++told } }));
    const request = await service.manage('POST', `/devices/${registrationId}/reprovision-request`);
    expect([request.status, request.json()]).toEqual([
      200,
      expect.objectContaining({ hub: hubA, method: 'reprovision', outcome: 'accepted', methodStatus: 200 }),
    ]);
    expect(told).toBe(1);

    const before = await twinAt(service.registry(hubA), registrationId);
    expect(await register(enrolled)).toBe(hubB);
    await device.disconnected;
    await expect(live(hubA, enrolled, transport)).rejects.toThrow(/Not authorized/);
    const moved = await live(hubB, enrolled, transport);
    expect((await moved.twin()).properties.reported).toMatchObject({ firmware: '1.2.3' });
    expect(await twinAt(service.registry(hubB), registrationId)).toEqual(before);

    const events = (await calls.events(registrationId)).json() as { items: { type: string; actor: object; data: object }[] };
    const asked = events.items.filter(({ type }) => type === 'ReprovisionRequested');
    expect(asked).toMatchObject([
      { actor: { kind: 'operator', name: 'administrator' }, data: { outcome: 'accepted', hub: hubA } },
    ]);
  });
});

describe('an operator who asks a device to come back', () => {
  it('learns that it is not connected, or that it is nowhere', async () => {
    const enrolled = await calls.enroll(entryAt(service.hubs[0]));
    const path = `/devices/${enrolled.registrationId}/reprovision-request`;
    expect((await service.manage('POST', path)).status).toBe(404);
    await register(enrolled);
    const answer = await service.manage('POST', path);
    expect([answer.status, answer.json()]).toEqual([200, expect.objectContaining({ outcome: 'notOnline', methodStatus: null })]);
    const refused = await service.manage('POST', path, undefined, { authorization: 'Bearer wrong' });
    expect(refused.status).toBe(401);
  });
});

describe('an edge device', () => {
  it('takes its modules along, keys and twins', async () => {
    const [hubA, hubB] = service.hubs;
    const enrolled = await calls.enroll({ ...entryAt(hubA), capabilities: { iotEdge: true } });
    const { registrationId } = enrolled;
    await register(enrolled);
    const [old, next] = [service.registry(hubA), service.registry(hubB)];
    await old.addModule({ deviceId: registrationId, moduleId: 'camera', managedBy: 'IotEdge' });
    await old.updateModuleTwin(registrationId, 'camera', { tags: { lens: 'wide' }, properties: { desired: { fps: 25 } } }, '*');
    await reportProperties(service.endpoint, hubA, registrationId, enrolled.key, { edge: true });
    const { responseBody: module } = await old.getModule(registrationId, 'camera');
    const { responseBody: twin } = await old.getModuleTwin(registrationId, 'camera');

    await send(registrationId, hubB);
    expect(await register(enrolled)).toBe(hubB);
    const { responseBody: there } = await next.getModule(registrationId, 'camera');
    expect([there.managedBy, there.authentication]).toEqual(['IotEdge', module.authentication]);
    const { responseBody: twinThere } = await next.getModuleTwin(registrationId, 'camera');
    expect([twinThere.tags, twinThere.properties]).toEqual([twin.tags, twin.properties]);
    await expect(old.getModule(registrationId, 'camera')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
    const timeline = (await calls.events(registrationId)).text;
    expect(timeline).toContain('"moduleId":"camera"');
    expect(timeline).not.toContain(module.authentication?.symmetricKey?.primaryKey);
  });
});
