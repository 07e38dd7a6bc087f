import { OperationAnswer } from '@test/support/clients';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { RunningService, startService, twinAt } from '@test/support/running-service';

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: true };
/** Nothing listens there. */
const LOST_HUB = 'lost-hub.localhost';
const FLEET = 8;

let service: RunningService;
let calls: DeviceCalls;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'fatal', REHOME_REGISTER_WAIT_MS: '10000' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());
afterEach(() => Promise.all([hub(0, open), hub(1, open)]));

const open = { cordoned: false, draining: false, capacity: null };

async function hub(index: 0 | 1, settings: object): Promise<void> {
  const answer = await service.manage('PUT', `/linked-hubs/${service.hubs[index]}`, settings);
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  expect(answer.json()).toMatchObject(settings);
}

const hubOf = ({ registrationState }: OperationAnswer): unknown => registrationState.assignedHub;

async function fleet(overrides: object, count = FLEET): Promise<readonly Enrolled[]> {
  return Promise.all(Array.from({ length: count }, () => calls.enroll(overrides)));
}

async function hubsOf(devices: readonly Enrolled[]): Promise<readonly unknown[]> {
  const hubs: unknown[] = [];
  for (const device of devices) hubs.push(hubOf(await calls.register(device)));
  return hubs;
}

async function groundsOf(registrationId: string): Promise<unknown> {
  const { items } = (await calls.events(registrationId)).json() as { items: readonly { type: string; data: unknown }[] };
  const last = items.filter(({ type }) => type === 'AssignmentStarted' || type === 'AssignmentFailed').at(-1);
  return (last?.data as { grounds: unknown } | undefined)?.grounds;
}

describe('a cordoned hub', () => {
  test('gets no new devices, and keeps those it has', async () => {
    const settled = await fleet({ reprovisionPolicy: migrate });
    const before = await hubsOf(settled);
    expect(new Set(before)).toEqual(new Set(service.hubs));
    await hub(0, { cordoned: true });
    expect(await hubsOf(settled)).toEqual(before);
    const fresh = await fleet({ reprovisionPolicy: migrate });
    expect(new Set(await hubsOf(fresh))).toEqual(new Set([service.hubs[1]]));
    expect(await groundsOf(fresh[0]?.registrationId ?? '')).toMatchObject({
      allocation: { excluded: [{ hub: service.hubs[0], reason: 'is cordoned: it takes no new devices' }] },
    });
  });

  test('that is the only one takes no new device either, and the device is told that there is no hub', async () => {
    await hub(0, { cordoned: true });
    const device = await calls.enroll({ iotHubs: [service.hubs[0]] });
    expect(await calls.register(device)).toMatchObject({ status: 'failed', registrationState: { errorCode: 400208 } });
  });
});

describe('a drained hub', () => {
  test('loses its devices when they call, with their twins, and no other device moves', async () => {
    const initialTwin = { tags: { kept: true }, properties: { desired: {} } };
    const devices = await fleet({ reprovisionPolicy: migrate, initialTwin });
    const before = await hubsOf(devices);
    await hub(0, { draining: true });
    expect(await hubsOf(devices)).toEqual(devices.map(() => service.hubs[1]));
    const moved = devices.filter((_, index) => before[index] === service.hubs[0]);
    expect(moved.length).toBeGreaterThan(0);
    for (const { registrationId } of moved) {
      expect(await twinAt(service.registry(service.hubs[0]), registrationId)).toBeUndefined();
      expect(await twinAt(service.registry(service.hubs[1]), registrationId)).toMatchObject({ tags: { kept: true } });
    }
    const stayed = devices.filter((_, index) => before[index] === service.hubs[1]);
    for (const { registrationId } of stayed)
      expect(await groundsOf(registrationId)).toMatchObject({ previousHub: service.hubs[1] });
  });

  test('loses devices under reset as well, but none under never, and the grounds say so', async () => {
    const first = [service.hubs[0]];
    const devices = [
      await calls.enroll({ reprovisionPolicy: reset, iotHubs: first }),
      await calls.enroll({ reprovisionPolicy: never, iotHubs: first }),
    ];
    await hubsOf(devices);
    for (const { registrationId } of devices) await listBoth(registrationId);
    await hub(0, { draining: true });
    expect(await hubsOf(devices)).toEqual([service.hubs[1], service.hubs[0]]);
    expect(await groundsOf(devices[1]?.registrationId ?? '')).toMatchObject({
      reason: expect.stringContaining('though that is being drained') as string,
      allocation: { excluded: [{ hub: service.hubs[0], reason: 'is being drained' }] },
    });
  });

  async function listBoth(registrationId: string): Promise<void> {
    const { responseBody } = await service.administrator.getIndividualEnrollment(registrationId);
    await service.administrator.createOrUpdateIndividualEnrollment({ ...responseBody, iotHubs: [...service.hubs] });
  }
});

describe('a hub with a capacity', () => {
  test('takes devices up to it, one after the other, and not one more', async () => {
    await service.caughtUp();
    const { items } = (await service.manage('GET', '/hubs')).json() as { items: { hub: string; devices: number }[] };
    const devices = items.find(({ hub: name }) => name === service.hubs[0])?.devices ?? 0;
    await hub(0, { capacity: devices + 3 });
    const hubs = await hubsOf(await fleet({ iotHubs: [...service.hubs] }, 24));
    expect(hubs.filter((name) => name === service.hubs[0])).toHaveLength(3);
    expect(hubs.filter((name) => name === service.hubs[1])).toHaveLength(21);
  });

  test.each([[-1], [1.5], ['many'], [1_000_001]])('of %j is refused', async (capacity) => {
    expect((await service.manage('PUT', `/linked-hubs/${service.hubs[0]}`, { capacity })).status).toBe(400);
  });
});

describe('a hub that cannot be reached', () => {
  test('gets no new devices as soon as that is known, while there is another', async () => {
    const connectionString = `HostName=${LOST_HUB};SharedAccessKeyName=iothubowner;SharedAccessKey=${Buffer.alloc(32).toString('base64')}`;
    expect(
      (await service.manage('PUT', `/linked-hubs/${LOST_HUB}`, { connectionString, applyAllocationPolicy: false })).status,
    ).toBe(200);
    for (const device of await fleet({ iotHubs: [LOST_HUB] }, 2)) {
      expect(await calls.register(device)).toMatchObject({ status: 'failed', registrationState: { errorCode: 503001 } });
    }
    const devices = await fleet({ iotHubs: [LOST_HUB, service.hubs[1]] });
    expect(new Set(await hubsOf(devices))).toEqual(new Set([service.hubs[1]]));
    expect(await groundsOf(devices[0]?.registrationId ?? '')).toMatchObject({
      allocation: { excluded: [{ hub: LOST_HUB, reason: 'cannot be reached at the moment' }] },
    });
    expect((await service.manage('DELETE', `/linked-hubs/${LOST_HUB}`)).status).toBe(204);
  });
});

test('the settings of a hub stay as they are where nothing is said of them', async () => {
  await hub(0, { cordoned: true, capacity: 7 });
  await hub(0, { location: 'westeurope' });
  const shown = await service.manage('GET', `/linked-hubs/${service.hubs[0]}`);
  expect(shown.json()).toMatchObject({ cordoned: true, draining: false, capacity: 7, location: 'westeurope' });
});
