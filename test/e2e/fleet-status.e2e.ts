import { deviceKeyOf } from '@test/support/clients';
import { Device, DeviceCalls } from '@test/support/device-calls';
import { policies } from '@test/support/movable-devices';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
let hubA: string;
let hubB: string;
let devices: Device[];

interface Status {
  readonly devices: number;
  readonly statuses: readonly { readonly status: string; readonly devices: number }[];
  readonly hubs: readonly { readonly hub: string; readonly devices: number; readonly capacity: number | null }[];
  readonly failures: readonly { readonly kind: string; readonly reason: string; readonly count: number }[];
  readonly minutes: readonly { readonly registrations: number; readonly moves: number; readonly failures: number }[];
}

const GROUP = 'pumps';
/** Counts are remembered for a second, and longer where they took long. */
const POLL_MS = 200;
const POLLS_MAX = 40;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'error' });
  calls = new DeviceCalls(service);
  [hubA, hubB] = service.hubs;
  const settings = { iotHubs: [hubA], allocationPolicy: 'static', reprovisionPolicy: policies.migrate };
  const key = await calls.enrollGroup(GROUP, settings);
  devices = ['pump-1', 'pump-2', 'pump-3'].map((registrationId) => ({ registrationId, key: deviceKeyOf(key, registrationId) }));
  for (const device of devices) await calls.register(device);
  await service.caughtUp();
});
afterAll(() => service.close());

async function statusWhen(isSo: (status: Status) => boolean): Promise<Status> {
  for (let poll = 0; ; poll++) {
    const answer = await service.manage('GET', '/fleet/status');
    expect(answer.status).toBe(200);
    const status = answer.json() as Status;
    if (isSo(status) || poll === POLLS_MAX) return status;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function redirect(hub: string): Promise<void> {
  const { administrator } = service;
  const { responseBody } = await administrator.getEnrollmentGroup(GROUP);
  await administrator.createOrUpdateEnrollmentGroup({ ...responseBody, iotHubs: [hub] });
}

interface Effects {
  readonly devices: number;
  readonly examined: number;
  readonly effects: Readonly<Record<string, number>>;
  readonly flows: readonly unknown[];
}

async function effectsOf(policy: object | null): Promise<Effects> {
  const answer = await service.manage('POST', `/enrollment-groups/${GROUP}/reprovision-policy/preview`, { policy });
  expect(answer.status).toBe(200);
  return answer.json() as Effects;
}

test('the fleet at a glance tells where devices are and how they stand', async () => {
  const status = await statusWhen(({ devices: count }) => count === 3);
  expect(status).toMatchObject({ devices: 3, failures: [] });
  expect(status.statuses).toEqual([
    { status: 'assigning', devices: 0 },
    { status: 'assigned', devices: 3 },
    { status: 'failed', devices: 0 },
    { status: 'disabled', devices: 0 },
  ]);
  expect(status.hubs.map(({ hub, devices: count }) => [hub, count])).toEqual([
    [hubA, 3],
    [hubB, 0],
  ]);
  expect(status.minutes.reduce((sum, { registrations }) => sum + registrations, 0)).toBe(3);
});

test('what another policy would do is told device by device, and nothing of it is stored', async () => {
  await redirect(hubB);
  const moving = { from: hubA, to: hubB, devices: 3 };
  expect(await effectsOf(policies.migrate)).toMatchObject({ devices: 3, examined: 3, effects: { migrate: 3 }, flows: [moving] });
  expect(await effectsOf(policies.reset)).toMatchObject({ effects: { migrate: 0, reset: 3, stay: 0 }, flows: [moving] });
  expect(await effectsOf(policies.never)).toMatchObject({ effects: { migrate: 0, reset: 0, stay: 3 }, flows: [] });
  const saved = await service.manage('GET', `/enrollment-groups/${GROUP}/reprovision-policy`);
  expect(saved.json()).toEqual(policies.migrate);
  expect((await service.manage('GET', '/devices/pump-1')).json()).toMatchObject({ assignedHub: hubA });
});

test('a preview wants a policy, or null for none', async () => {
  const path = `/enrollment-groups/${GROUP}/reprovision-policy/preview`;
  expect((await service.manage('POST', path, {})).status).toBe(400);
  expect((await service.manage('POST', path, { policy: { updateHubAssignment: 1 } })).status).toBe(400);
  expect((await effectsOf(null)).examined).toBe(3);
});

test('moves show by the minute, refusals and failures by their reason', async () => {
  for (const device of devices.slice(0, 2)) await calls.register(device);
  await calls.register({ registrationId: 'pump-9', key: Buffer.alloc(32).toString('base64') });
  const lonely = await calls.enroll({ iotHubs: ['not-linked.localhost'], allocationPolicy: 'static' });
  await calls.put(lonely);
  const status = await statusWhen(({ failures }) => failures.length > 1);
  expect(status.failures.map(({ kind, count }) => [kind, count])).toContainEqual(['attestation', 1]);
  expect(status.failures.map(({ kind, count }) => [kind, count])).toContainEqual(['assignment', 1]);
  expect(status.minutes.reduce((sum, { moves }) => sum + moves, 0)).toBe(2);
});

interface Flows {
  readonly since: string;
  readonly until: string;
  readonly step: string;
  readonly devices: number;
  readonly flows: readonly {
    readonly devices: number;
    readonly steps: readonly { readonly at: string; readonly devices: number }[];
  }[];
}

async function flowsWhen(query: string, isSo: (flows: Flows) => boolean): Promise<Flows> {
  for (let poll = 0; ; poll++) {
    const answer = await service.manage('GET', `/fleet/flows${query}`);
    expect(answer.status).toBe(200);
    const flows = answer.json() as Flows;
    if (isSo(flows) || poll === POLLS_MAX) return flows;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

test('flows between hubs are told by hour and by day: how devices came, from where', async () => {
  const { administrator } = service;
  const { responseBody } = await administrator.getEnrollmentGroup(GROUP);
  await administrator.createOrUpdateEnrollmentGroup({ ...responseBody, iotHubs: [hubA], reprovisionPolicy: policies.reset });
  for (const device of devices) await calls.register(device);
  const came = { to: hubA, from: null, action: 'create', devices: 3 };
  const moved = { from: hubA, to: hubB, action: 'migrate', devices: 2 };
  const back = { from: hubB, to: hubA, action: 'reset', devices: 2 };
  for (const [query, step, stepMs] of [
    ['', 'hour', 3_600_000],
    ['?step=day', 'day', 86_400_000],
  ] as const) {
    const told = await flowsWhen(query, ({ devices: count }) => count >= 7);
    expect(told).toMatchObject({ step, devices: 7, flows: [came, moved, back] });
    for (const { devices: count, steps } of told.flows) {
      expect(steps.reduce((sum, each) => sum + each.devices, 0)).toBe(count);
      for (const { at } of steps) expect([at >= told.since, at < told.until, Date.parse(at) % stepMs]).toEqual([true, true, 0]);
    }
  }
  const before = await flowsWhen('?since=2026-01-01&until=2026-01-02', () => true);
  expect(before).toMatchObject({ since: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z', devices: 0, flows: [] });
});

test.each([
  ['?step=minute', /step must be one of/],
  ['?since=yesterday', /since must be an ISO 8601 date/],
  ['?since=2026-01-02&until=2026-01-01', /since must be earlier than until/],
  ['?since=2026-01-01&until=2026-03-01', /By hour at most 31 days/],
  ['?since=2024-01-01&until=2026-03-01&step=day', /By day at most 366 days/],
  ['?hub=a', /hub should not exist/],
])('flows of %s are refused', async (query, why) => {
  const answer = await service.manage('GET', `/fleet/flows${query}`);
  expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(why)]);
});

test('flows are for those who may read registrations', async () => {
  expect((await service.manage('GET', '/fleet/flows', undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
});
