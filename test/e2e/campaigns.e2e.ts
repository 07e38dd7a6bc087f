import { CampaignAnswer, campaignUntil, startCampaign } from '@test/support/campaigns';
import { deviceKeyOf } from '@test/support/clients';
import { Device, DeviceCalls } from '@test/support/device-calls';
import { HubDevice } from '@test/support/hub-device';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { policies } from '@test/support/movable-devices';
import { RunningService, TwinContent, startService, twinAt } from '@test/support/running-service';

let restoreNames: () => void;
let service: RunningService;
let calls: DeviceCalls;
let hubA: string;
let hubB: string;
const open: HubDevice[] = [];

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
  [hubA, hubB] = service.hubs;
});
afterAll(async () => {
  for (const device of open) await device.close().catch(() => undefined);
  await service.close();
  restoreNames();
});

/** Devices of a group that lists the first hub only, registered there. */
async function groupAtHubA(group: string, count: number, settings: object = {}): Promise<Device[]> {
  const key = await calls.enrollGroup(group, { iotHubs: [hubA], allocationPolicy: 'static', ...settings });
  const devices = Array.from({ length: count }, (_, index) => {
    const registrationId = `${group}-${index}`;
    return { registrationId, key: deviceKeyOf(key, registrationId) };
  });
  for (const device of devices) expect(await hubOf(device)).toBe(hubA);
  await service.caughtUp();
  return devices;
}

/** Registers the device, and tells where it is sent. */
async function hubOf(device: Device): Promise<string | undefined> {
  const { registrationState } = await calls.register(device);
  // A register call under way has no state yet.
  return (registrationState as { assignedHub?: string } | undefined)?.assignedHub;
}

const twin = (hub: string, { registrationId }: Device): Promise<TwinContent | undefined> =>
  twinAt(service.registry(hub), registrationId);
const ended = ({ status }: CampaignAnswer): boolean => status === 'ended';
const act = async (campaignId: string, what: string): Promise<number> =>
  (await service.manage('POST', `/campaigns/${campaignId}/${what}`)).status;

test('a group moves in waves: connected devices are asked and come, others move when they call', async () => {
  const devices = await groupAtHubA('fleet', 5);
  const [connected] = devices;
  if (connected === undefined) throw new Error('no device');
  const doors = { ...service.endpoint, mqttPort: service.facts.mqttPort };
  const living = await HubDevice.connect({ doors, hub: hubA, deviceId: connected.registrationId, key: connected.key });
  open.push(living);
  const called = new Promise<string | undefined>((resolve, reject) =>
    living.onMethod('reprovision', () => {
      hubOf(connected).then(resolve, reject);
      return { status: 200, payload: {} };
    }),
  );
  const body = { name: 'to b', selection: { enrollmentGroupId: 'fleet' }, hubs: [hubB], waveSize: 2, waveTimeoutS: 600 };
  const preview = await service.manage('POST', '/campaigns/preview', body);
  expect([preview.status, preview.json()]).toEqual([
    200,
    expect.objectContaining({
      selected: 5,
      examined: 5,
      waves: 3,
      effects: { migrate: 5, reset: 0, stay: 0, alreadyThere: 0, fail: 0 },
      flows: [{ from: hubA, to: hubB, devices: 5 }],
    }),
  ]);

  await startCampaign(service, 'waves', body);
  expect(await called).toBe(hubB);
  const one = await campaignUntil(service, 'waves', ({ progress }) => progress.moved === 1);
  expect([one.wave, one.progress]).toMatchObject([1, { selected: 5, waiting: 1, queued: 3 }]);
  for (const device of devices.slice(2)) expect(await hubOf(device)).toBe(hubA);
  for (const [index, device] of devices.entries()) {
    if (index > 0) await campaignUntil(service, 'waves', ({ wave }) => wave === Math.floor(index / 2) + 1);
    expect(await sentTo(device)).toBe(hubB);
  }
  const { progress } = await campaignUntil(service, 'waves', ended);
  expect(progress).toEqual({ selected: 5, queued: 0, waiting: 0, moved: 5, stayed: 0, failed: 0, recalled: 0 });
  const { items } = (await service.manage('GET', '/campaigns/waves/devices?outcome=moved')).json() as { items: object[] };
  expect(items).toHaveLength(5);
  expect(items[0]).toMatchObject({ registrationId: 'fleet-0', wave: 1, from: hubA, to: hubB, hub: hubB });
  const why = (await calls.events('fleet-4')).text;
  expect(why).toContain('campaign waves sends the device to');
});

/** Registers until the device is where the campaign wants it: its wave may just be beginning. */
async function sentTo(device: Device): Promise<string | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const hub = await hubOf(device);
    if (hub === hubB) return hub;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return hubOf(device);
}

test.each([
  ['migrate', policies.migrate],
  ['reset', policies.reset],
])(
  'an undo under %s brings the twins back exactly as they were, and what came after stays in the log',
  async (name, reprovisionPolicy) => {
    const group = `undo-${name}`;
    const devices = await groupAtHubA(group, 2, { reprovisionPolicy, initialTwin: { tags: { site: 'factory' } } });
    for (const { registrationId } of devices) {
      const patch = { tags: { floor: registrationId }, properties: { desired: { rate: 7 } } };
      await service.registry(hubA).updateTwin(registrationId, patch, '*');
    }
    const before = await Promise.all(devices.map((device) => twin(hubA, device)));
    await startCampaign(service, group, { selection: { enrollmentGroupId: group }, hubs: [hubB] });
    await campaignUntil(service, group, ({ progress }) => progress.waiting === 2);
    for (const device of devices) expect(await sentTo(device)).toBe(hubB);
    await campaignUntil(service, group, ended);
    for (const { registrationId } of devices) {
      await service.registry(hubB).updateTwin(registrationId, { tags: { floor: 'changed' } }, '*');
    }

    expect(await act(group, 'undo')).toBe(201);
    expect(await act(group, 'undo')).toBe(201);
    await campaignUntil(service, `${group}-undo`, ({ progress }) => progress.waiting === 2);
    for (const [index, device] of devices.entries()) {
      expect(await backAtHubA(device)).toBe(hubA);
      const { tags, desired, reported } = (await twin(hubA, device)) ?? {};
      const was = before[index];
      expect({ tags, desired, reported }).toEqual({ tags: was?.tags, desired: was?.desired, reported: was?.reported });
      expect(await twin(hubB, device)).toBeUndefined();
      expect((await calls.events(device.registrationId)).text).toContain('"floor":"changed"');
    }
    const over = await campaignUntil(service, `${group}-undo`, ended);
    expect(over.progress).toMatchObject({ moved: 2, failed: 0 });
  },
);

async function backAtHubA(device: Device): Promise<string | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const hub = await hubOf(device);
    if (hub === hubA) return hub;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return hubOf(device);
}

test('devices are selected by a tag at their hubs; a policy that says never keeps them, and an abort recalls the others', async () => {
  const devices = await groupAtHubA('tagged', 3);
  const sticky = await groupAtHubA('sticky', 1, { reprovisionPolicy: policies.never });
  for (const { registrationId } of [...devices.slice(0, 2), ...sticky]) {
    await service.registry(hubA).updateTwin(registrationId, { tags: { site: { floor: 4 } } }, '*');
  }
  const selection = { tag: 'site.floor', value: 4 };
  await startCampaign(service, 'tag', { selection, hubs: [hubB] });
  const sent = await campaignUntil(service, 'tag', ({ progress }) => progress.waiting === 3);
  expect(sent.progress.selected).toBe(3);
  const [first, second] = devices;
  const [stays] = sticky;
  if (first === undefined || second === undefined || stays === undefined) throw new Error('no device');
  expect(await sentTo(first)).toBe(hubB);
  await campaignUntil(service, 'tag', ({ progress }) => progress.moved === 1);
  expect(await hubOf(stays)).toBe(hubA);
  await campaignUntil(service, 'tag', ({ progress }) => progress.stayed === 1);
  expect(await act('tag', 'pause')).toBe(200);
  expect(await act('tag', 'abort')).toBe(200);
  const over = await campaignUntil(service, 'tag', ({ progress }) => progress.recalled === 1);
  expect(over).toMatchObject({ status: 'aborted', abortReason: 'operator' });
  expect(await hubOf(second)).toBe(hubA);
  expect(await hubOf(first)).toBe(hubB);

  await campaignUntil(service, 'tag', ({ progress }) => progress.waiting === 0);
  await service.caughtUp();
  expect(await released('tag')).toBe(true);
  expect(await backAtHubA(first)).toBe(hubA);
});

test('a device that has moved just before the abort is no recalled one, and the undo brings it back', async () => {
  const [device] = await groupAtHubA('abort', 1);
  if (device === undefined) throw new Error('no device');
  await startCampaign(service, 'abort', { selection: { enrollmentGroupId: 'abort' }, hubs: [hubB], askConnected: false });
  await campaignUntil(service, 'abort', ({ progress }) => progress.waiting === 1);
  expect(await sentTo(device)).toBe(hubB);
  expect(await act('abort', 'abort')).toBe(200);
  const { progress } = await campaignUntil(service, 'abort', ({ progress: { waiting } }) => waiting === 0);
  expect(progress).toMatchObject({ moved: 1, recalled: 0 });
  await campaignUntil(service, 'abort', () => true);
  for (let attempt = 0; attempt < 100 && (await act('abort', 'undo')) !== 201; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await backAtHubA(device)).toBe(hubA);
});

async function released(campaignId: string): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const status = await act(campaignId, 'release');
    const { releasedAt } = (await service.manage('GET', `/campaigns/${campaignId}`)).json() as { releasedAt: string | null };
    if (status === 200 && releasedAt !== null) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

test('failures above the threshold abort it', async () => {
  const devices = await groupAtHubA('failing', 4);
  const selection = { registrationIds: devices.map(({ registrationId }) => registrationId) };
  await startCampaign(service, 'failing', { selection, hubs: [hubB], waveSize: 2, failuresMax: 0 });
  await campaignUntil(service, 'failing', ({ progress }) => progress.waiting === 2);
  await calls.enrollGroup('failing', { provisioningStatus: 'disabled' });
  for (const device of devices) await calls.put(device);
  const over = await campaignUntil(service, 'failing', ({ status, progress }) => status === 'aborted' && progress.waiting === 0);
  expect(over.abortReason).toBe('failures');
  expect(over.progress.failed).toBeGreaterThan(0);
  expect(over.wave).toBe(1);
});

test.each<[string, object, number]>([
  ['no selection', { selection: {}, hubs: ['hub-b.localhost'] }, 400],
  ['two selections', { selection: { hub: 'hub-a.localhost', enrollmentGroupId: 'g' }, hubs: ['hub-b.localhost'] }, 400],
  ['a hub that is not linked', { selection: { hub: 'hub-a.localhost' }, hubs: ['hub-x.localhost'] }, 400],
  ['no hub', { selection: { hub: 'hub-a.localhost' }, hubs: [] }, 400],
  ['a tag that a query cannot name', { selection: { tag: "a' or 1=1", value: 1 }, hubs: ['hub-b.localhost'] }, 400],
  ['a wave of none', { selection: { hub: 'hub-a.localhost' }, hubs: ['hub-b.localhost'], waveSize: 0 }, 400],
])('%s is refused, and nothing is planned', async (_, body, status) => {
  expect((await service.manage('POST', '/campaigns', { campaignId: 'refused', ...body })).status).toBe(status);
  expect((await service.manage('GET', '/campaigns/refused')).status).toBe(404);
  expect(await act('refused', 'start')).toBe(404);
});
