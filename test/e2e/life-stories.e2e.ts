import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceKeyOf, registerRaw } from '@test/support/clients';
import { DeviceCalls } from '@test/support/device-calls';
import { HubDevice } from '@test/support/hub-device';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { policies } from '@test/support/movable-devices';
import { RunningService, TwinContent, startService, twinAt } from '@test/support/running-service';
import { Assignment, SdkRegistration, registerBySdk, transports } from '@test/support/sdk-devices';

const EUROPE = '127.0.1.9';
const AMERICA = '127.0.2.9';
const latencies = {
  regions: {
    europe: { networks: ['127.0.1.0/24'], latenciesMs: { westeurope: 10, eastus: 90 } },
    america: { networks: ['127.0.2.0/24'], latenciesMs: { westeurope: 95, eastus: 9 } },
  },
};

let directory: string;
let restoreNames: () => void;
let service: RunningService;
let calls: DeviceCalls;
let hubA: string;
let hubB: string;
const open: HubDevice[] = [];

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  directory = await mkdtemp(join(tmpdir(), 'rehome-stories-'));
  const file = join(directory, 'latencies.json');
  await writeFile(file, JSON.stringify(latencies));
  service = await startService({ REHOME_LOG_LEVEL: 'warn', REHOME_LATENCY_FILE: file });
  calls = new DeviceCalls(service);
  [hubA, hubB] = service.hubs;
  await service.manage('PUT', `/linked-hubs/${hubA}`, { location: 'westeurope' });
  await service.manage('PUT', `/linked-hubs/${hubB}`, { location: 'eastus' });
});
afterEach(async () => {
  for (const device of open.splice(0)) await device.close().catch(() => undefined);
});
afterAll(async () => {
  await service.close();
  restoreNames();
  await rm(directory, { recursive: true, force: true });
});

const at = (hub: string, reprovisionPolicy?: object): object => ({
  iotHubs: [hub],
  allocationPolicy: 'static',
  ...(reprovisionPolicy === undefined ? {} : { reprovisionPolicy }),
});

interface KeyDevice {
  readonly registrationId: string;
  /** base64 */
  readonly key: string;
}

type How = Partial<Pick<SdkRegistration, 'transport' | 'localAddress'>>;

function register({ registrationId, key }: KeyDevice, how: How = {}): Promise<Assignment> {
  return registerBySdk(service, { transport: 'Http', registrationId, secret: key, ...how });
}

/** The device comes to live at a hub, over MQTT. */
async function live(hub: string, { registrationId, key }: KeyDevice): Promise<HubDevice> {
  const doors = { ...service.endpoint, mqttPort: service.facts.mqttPort };
  const device = await HubDevice.connect({ doors, hub, deviceId: registrationId, key });
  open.push(device);
  return device;
}

async function report(device: HubDevice, patch: object): Promise<void> {
  await device.report(await device.twin(), patch);
}

const twin = (hub: string, { registrationId }: KeyDevice): Promise<TwinContent | undefined> =>
  twinAt(service.registry(hub), registrationId);

/** What the timeline of the device has of some types of events. */
async function timeline({ registrationId }: KeyDevice, ...types: readonly string[]): Promise<readonly string[]> {
  const { items } = (await calls.events(registrationId)).json() as { items: readonly { type: string }[] };
  return items.map(({ type }) => type).filter((type) => types.includes(type));
}

/** A group with keys of its own, and what its devices derive from them. */
async function enrollGroup(enrollmentGroupId: string, settings: object) {
  const [primaryKey, secondaryKey] = [randomBytes(64).toString('base64'), randomBytes(64).toString('base64')];
  const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } };
  await calls.enrollGroup(enrollmentGroupId, { attestation, ...settings });
  return {
    keysOf: (registrationId: string) => ({
      primaryKey: deviceKeyOf(primaryKey, registrationId),
      secondaryKey: deviceKeyOf(secondaryKey, registrationId),
    }),
    device: (registrationId: string): KeyDevice => ({ registrationId, key: deviceKeyOf(primaryKey, registrationId) }),
    change: async (changes: object): Promise<void> => {
      const { responseBody } = await service.administrator.getEnrollmentGroup(enrollmentGroupId);
      await service.administrator.createOrUpdateEnrollmentGroup({ ...responseBody, ...changes });
    },
  };
}

describe('geo: a device travels', () => {
  test('it lives at the hub near it; abroad it is sent to the one there, and lives on with the twin it had', async () => {
    const initialTwin = { tags: { ship: 'north' }, properties: { desired: { interval: 60 } } };
    const device = await calls.enroll(
      { allocationPolicy: 'geoLatency', reprovisionPolicy: policies.migrate, initialTwin },
      'ship',
    );
    expect(await register(device, { localAddress: EUROPE })).toMatchObject({ assignedHub: hubA });
    const atHome = await live(hubA, device);
    await report(atHome, { position: 'at sea' });
    await service.registry(hubA).updateTwin('ship', { properties: { desired: { interval: 30 } } }, '*');
    const before = await twin(hubA, device);
    expect(before).toMatchObject({ desired: { interval: 30 }, reported: { position: 'at sea' } });

    expect(await register(device, { localAddress: EUROPE })).toMatchObject({ assignedHub: hubA });
    expect(await twin(hubA, device)).toEqual(before);

    const abroad = await register(device, { localAddress: AMERICA });
    expect(abroad).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataMigrated' });
    await atHome.disconnected;
    await expect(live(hubA, device)).rejects.toThrow(/Not authorized/);
    expect(await twin(hubA, device)).toBeUndefined();
    expect(await twin(hubB, device)).toEqual(before);

    const there = await live(hubB, device);
    expect((await there.twin()).properties).toMatchObject({ desired: { interval: 30 }, reported: { position: 'at sea' } });
    await report(there, { position: 'in port' });
    expect(await register(device, { localAddress: EUROPE })).toMatchObject({ assignedHub: hubA });
    await there.disconnected;
    expect(await twin(hubA, device)).toMatchObject({ tags: { ship: 'north' }, reported: { position: 'in port' } });
  });
});

describe('tenancy: a device is given to another customer', () => {
  test('its hub is another, its twin is the new customer’s, and of the old one nothing is left', async () => {
    const alpine = { tags: { customer: 'alpine' }, properties: { desired: { wifi: 'alpine-guest', alarm: 80 } } };
    const device = await calls.enroll({ ...at(hubA, policies.never), initialTwin: alpine }, 'lock-1');
    await register(device);
    const atAlpine = await live(hubA, device);
    await report(atAlpine, { lastUser: 'somebody at alpine' });
    await service.registry(hubA).updateTwin('lock-1', { tags: { contract: 'alpine-17' } }, '*');

    const baltic = { tags: { customer: 'baltic' }, properties: { desired: { wifi: 'baltic' } } };
    const { responseBody } = await service.administrator.getIndividualEnrollment('lock-1');
    const given = { ...responseBody, ...at(hubB, policies.reset), initialTwin: baltic };
    await service.administrator.createOrUpdateIndividualEnrollment(given as never);

    expect(await register(device)).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataReset' });
    await atAlpine.disconnected;
    expect(await twin(hubA, device)).toBeUndefined();
    expect(await twin(hubB, device)).toMatchObject({ tags: baltic.tags, desired: baltic.properties.desired, reported: {} });
    const atBaltic = await live(hubB, device);
    expect(JSON.stringify((await atBaltic.twin()).properties)).not.toContain('alpine');
    expect(JSON.stringify((await service.registry(hubB).getTwin('lock-1')).responseBody)).not.toContain('alpine');
    expect((await calls.events('lock-1')).text).not.toContain('somebody at alpine');
    await expect(live(hubA, device)).rejects.toThrow(/Not authorized/);
  });
});

describe('new solution: a group moves to another hub', () => {
  test('in one change; each device comes when it is asked to, over whatever transport, with what it knows', async () => {
    const group = await enrollGroup('pumps', { ...at(hubA, policies.migrate), initialTwin: { tags: { solution: 'first' } } });
    const fleet = transports.map((transport) => ({ transport, device: group.device(`pump-${transport.toLowerCase()}`) }));
    for (const { transport, device } of fleet) {
      expect(await register(device, { transport })).toMatchObject({ assignedHub: hubA });
      await report(await live(hubA, device), { serial: device.registrationId });
    }
    await group.change(at(hubB, policies.migrate));
    for (const { device } of fleet) expect(await twin(hubA, device)).toBeDefined();

    const asked = open.splice(0);
    await Promise.all(
      fleet.map(async ({ transport, device }, index) => {
        const connected = asked[index];
        if (connected === undefined) throw new Error('the device is not connected');
        const told = new Promise<void>((resolve) =>
          connected.onMethod('reprovision', () => {
            resolve();
            return { status: 200, payload: {} };
          }),
        );
        await service.manage('POST', `/devices/${device.registrationId}/reprovision-request`);
        await told;
        expect(await register(device, { transport })).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataMigrated' });
        await connected.disconnected;
        expect((await (await live(hubB, device)).twin()).properties.reported).toMatchObject({ serial: device.registrationId });
        expect(await twin(hubA, device)).toBeUndefined();
      }),
    );
    const { responseBody } = await service.registry(hubB).getTwin('pump-http');
    expect(responseBody.tags).toEqual({ solution: 'first' });
  });
});

describe('quarantine: one device of a group is set apart', () => {
  test('by an entry of its own with its own keys; mended, it comes back to the group, and its twin with it', async () => {
    const group = await enrollGroup('meters', { ...at(hubA, policies.migrate), initialTwin: { tags: { fleet: 'meters' } } });
    const [ill, well] = [group.device('meter-ill'), group.device('meter-well')];
    for (const device of [ill, well]) await register(device);
    const suspicious = await live(hubA, ill);
    await report(suspicious, { firmware: '1.0', traffic: 'odd' });

    const symmetricKey = group.keysOf('meter-ill');
    await calls.enroll({ attestation: { type: 'symmetricKey', symmetricKey }, ...at(hubB, policies.migrate) }, 'meter-ill');
    expect(await register(ill)).toMatchObject({ assignedHub: hubB, substatus: 'deviceDataMigrated' });
    await suspicious.disconnected;
    await expect(live(hubA, ill)).rejects.toThrow(/Not authorized/);
    expect(await register(well)).toMatchObject({ assignedHub: hubA, substatus: 'initialAssignment' });
    expect(await twin(hubB, well)).toBeUndefined();

    const apart = await live(hubB, ill);
    await service.registry(hubB).updateTwin('meter-ill', { properties: { desired: { firmware: '1.1' } } }, '*');
    await report(apart, { firmware: '1.1', traffic: null });
    const mended = await twin(hubB, ill);
    expect(mended).toMatchObject({ tags: { fleet: 'meters' }, desired: { firmware: '1.1' }, reported: { firmware: '1.1' } });

    await service.administrator.deleteIndividualEnrollment('meter-ill');
    expect(await register(ill)).toMatchObject({ assignedHub: hubA, substatus: 'deviceDataMigrated' });
    await apart.disconnected;
    expect(await twin(hubA, ill)).toEqual(mended);
    expect(await twin(hubB, ill)).toBeUndefined();
    await live(hubA, ill);
    expect(await timeline(ill, 'TwinMigrated')).toEqual(['TwinMigrated', 'TwinMigrated']);
  });
});

describe('the legacy fleet: api-version 2018-04-01', () => {
  test('stays where it is, wherever its group points, until a policy is saved', async () => {
    const group = await enrollGroup('legacy', at(hubA));
    const fleet = ['legacy-1', 'legacy-2'].map((registrationId) => group.device(registrationId));
    const { idScope } = service.facts;
    const come = async (device: KeyDevice): Promise<unknown> => {
      const { registrationState } = await registerRaw(service.endpoint, service.host, { idScope, ...device }, '2018-04-01');
      return registrationState.assignedHub;
    };
    for (const device of fleet) {
      expect(await come(device)).toBe(hubA);
      await report(await live(hubA, device), { since: 2018 });
    }

    await group.change(at(hubB));
    for (const device of fleet) {
      const before = await twin(hubA, device);
      expect(await come(device)).toBe(hubA);
      expect(await twin(hubA, device)).toEqual(before);
      expect(await twin(hubB, device)).toBeUndefined();
    }
    expect(await register(group.device('modern'))).toMatchObject({ assignedHub: hubB });

    await group.change(at(hubB, policies.migrate));
    for (const device of fleet) {
      expect(await come(device)).toBe(hubB);
      expect(await twin(hubB, device)).toMatchObject({ reported: { since: 2018 } });
      expect(await twin(hubA, device)).toBeUndefined();
    }
  });
});
