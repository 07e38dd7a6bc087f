import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperationAnswer, call, registerDevice, reportProperties } from '@test/support/clients';
import { Device, DeviceCalls, VERSION } from '@test/support/device-calls';
import { RunningService, startService, twinAt } from '@test/support/running-service';
import { Webhook } from '@test/support/webhook';

const EUROPE = '127.0.1.5';
const AMERICA = '127.0.2.5';
const latencies = {
  defaultRegion: 'europe',
  regions: {
    europe: { networks: ['127.0.1.0/24'], latenciesMs: { westeurope: 10, eastus: 90 } },
    america: { networks: ['127.0.2.0/24'], latenciesMs: { westeurope: 95, eastus: 9 } },
  },
};
const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const never = { updateHubAssignment: false, migrateDeviceData: true };
const initialTwin = { tags: { site: 'factory' }, properties: { desired: { interval: 60 } } };

let directory: string;
let service: RunningService;
let calls: DeviceCalls;
let webhook: Webhook;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-allocation-'));
  const file = join(directory, 'latencies.json');
  await writeFile(file, JSON.stringify(latencies));
  webhook = await Webhook.start();
  service = await startService({
    REHOME_LOG_LEVEL: 'error',
    REHOME_LATENCY_FILE: file,
    REHOME_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
    REHOME_REGISTER_WAIT_MS: '10000',
  });
  calls = new DeviceCalls(service);
  await hub(0, { location: 'westeurope' });
  await hub(1, { location: 'eastus' });
});
afterAll(async () => {
  await service.close();
  await webhook.close();
  await rm(directory, { recursive: true, force: true });
});

/** Changes a linked hub, by its place. */
async function hub(index: 0 | 1, settings: object): Promise<void> {
  const answer = await service.manage('PUT', `/linked-hubs/${service.hubs[index]}`, settings);
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
}

/** R1 from an address of this machine. */
async function registerFrom(localAddress: string, device: Device): Promise<OperationAnswer> {
  const { registrationId } = device;
  const path = `/${service.facts.idScope}/registrations/${registrationId}/register?api-version=${VERSION}`;
  const headers = { authorization: calls.tokenFor(device) };
  const request = { method: 'PUT', host: service.host, path, headers, body: { registrationId }, localAddress };
  return (await call(service.endpoint, request)).json() as OperationAnswer;
}

const hubOf = ({ registrationState }: OperationAnswer): unknown => registrationState.assignedHub;

interface Event {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function lastOf(registrationId: string, ...types: string[]): Promise<Event | undefined> {
  const { items } = (await calls.events(registrationId)).json() as { items: readonly Event[] };
  return items.filter(({ type }) => types.includes(type)).at(-1);
}

describe('by latency', () => {
  test('a device that travels moves to the hub near it, and its twin goes along', async () => {
    const device = await calls.enroll({ allocationPolicy: 'geoLatency', reprovisionPolicy: migrate, initialTwin });
    const [near, far] = service.hubs;
    expect(hubOf(await registerFrom(EUROPE, device))).toBe(near);
    await reportProperties(service.endpoint, near, device.registrationId, device.key, { position: 'sea' });

    const there = await registerFrom(AMERICA, device);
    expect(there.registrationState).toMatchObject({ assignedHub: far, substatus: 'deviceDataMigrated' });
    expect(await twinAt(service.registry(far), device.registrationId)).toMatchObject({
      tags: { site: 'factory' },
      desired: { interval: 60 },
      reported: { position: 'sea' },
    });
    expect(await twinAt(service.registry(near), device.registrationId)).toBeUndefined();
    expect(await lastOf(device.registrationId, 'AssignmentStarted')).toMatchObject({
      data: { grounds: { allocation: { latency: { region: 'america', network: '127.0.2.0/24' } } } },
    });
  });

  test('a device from nowhere in particular is taken to be in the default region', async () => {
    const device = await calls.enroll({ allocationPolicy: 'geoLatency' });
    expect(hubOf(await calls.register(device))).toBe(service.hubs[0]);
  });
});

describe('by a webhook', () => {
  const custom = (): object => ({
    allocationPolicy: 'custom',
    customAllocationDefinition: { webhookUrl: webhook.url, apiVersion: '2021-10-01' },
    initialTwin,
  });

  beforeEach(() => {
    webhook.requests.length = 0;
  });

  test('the unmodified SDK sends a payload there and gets one back, and the device has the twin that the webhook gave', async () => {
    const [, second] = service.hubs;
    const device = await calls.enroll({ ...custom(), reprovisionPolicy: migrate });
    const twin = { tags: { by: 'webhook' }, properties: { desired: { interval: 5 } } };
    webhook.answer = () => ({ body: { iotHubHostName: second, initialTwin: twin, payload: { hello: 'device' } } });
    const { idScope } = service.facts;
    const result = await registerDevice(service.endpoint, service.host, { idScope, ...device }, { model: 'pump' });
    expect(result).toMatchObject({ assignedHub: second, payload: { hello: 'device' } });
    expect(await twinAt(service.registry(second), device.registrationId)).toMatchObject({
      tags: { by: 'webhook' },
      desired: { interval: 5 },
    });
    expect(webhook.requests).toMatchObject([
      {
        url: '/allocate?code=a-secret-of-the-webhook',
        body: {
          individualEnrollment: {
            registrationId: device.registrationId,
            attestation: { type: 'symmetricKey' },
            customAllocationDefinition: { webhookUrl: webhook.url.replace('a-secret-of-the-webhook', '****') },
          },
          deviceRuntimeContext: { registrationId: device.registrationId, symmetricKey: {}, payload: { model: 'pump' } },
          linkedHubs: [...service.hubs],
        },
      },
    ]);
    const sent = JSON.stringify(webhook.requests[0]?.body);
    for (const secret of [device.key, device.secondaryKey, 'a-secret-of-the-webhook']) expect(sent).not.toContain(secret);
    expect(webhook.requests[0]?.body.deviceRuntimeContext).not.toHaveProperty('currentIotHubHostName');
  });

  test('migrates where the webhook says nothing of a twin, resets where it does, and tells it where the device is', async () => {
    const [first, second] = service.hubs;
    const device = await calls.enroll({ ...custom(), reprovisionPolicy: migrate });
    webhook.answer = () => ({ body: { iotHubHostName: first } });
    expect(hubOf(await calls.register(device))).toBe(first);
    await reportProperties(service.endpoint, first, device.registrationId, device.key, { run: 1 });
    webhook.answer = () => ({ body: { iotHubHostName: second, initialTwin: null } });
    expect((await calls.register(device)).registrationState).toMatchObject({ substatus: 'deviceDataMigrated' });
    expect(webhook.requests.at(-1)?.body.deviceRuntimeContext).toMatchObject({
      currentIotHubHostName: first,
      currentDeviceId: device.registrationId,
    });
    expect(await twinAt(service.registry(second), device.registrationId)).toMatchObject({ reported: { run: 1 } });
    webhook.answer = () => ({ body: { iotHubHostName: first, initialTwin: { properties: { desired: { fresh: true } } } } });
    expect((await calls.register(device)).registrationState).toMatchObject({ assignedHub: first, substatus: 'deviceDataReset' });
    expect(await twinAt(service.registry(first), device.registrationId)).toMatchObject({
      tags: {},
      desired: { fresh: true },
      reported: {},
    });
  });

  test('under never it is still called for its payload, and changes nothing else', async () => {
    const [first, second] = service.hubs;
    const device = await calls.enroll({ ...custom(), reprovisionPolicy: never });
    webhook.answer = () => ({ body: { iotHubHostName: first } });
    await calls.register(device);
    webhook.answer = () => ({ body: { iotHubHostName: second, initialTwin: {}, payload: { n: 2 } } });
    const again = await calls.register(device);
    expect(again.registrationState).toMatchObject({ assignedHub: first, payload: { n: 2 } });
    expect(await twinAt(service.registry(first), device.registrationId)).toMatchObject({ desired: { interval: 60 } });
    expect((await calls.lookUp(device)).json()).toMatchObject({ payload: { n: 2 } });
  });

  test.each([
    [{ status: 418 }, 'Custom allocation failed with status code: 418'],
    [
      { body: { iotHubHostName: 'stranger.example' } },
      'Custom allocation failed: the webhook named a hub that is not among linkedHubs',
    ],
  ])('after %j the device is told 400207', async (answer, errorMessage) => {
    const device = await calls.enroll(custom());
    webhook.answer = () => answer;
    expect(await calls.register(device)).toMatchObject({
      status: 'failed',
      registrationState: { status: 'failed', errorCode: 400207, errorMessage },
    });
  });

  test('its key is nowhere in what the service shows, and an update built from what it shows keeps it', async () => {
    const device = await calls.enroll(custom());
    const { responseBody } = await service.administrator.getIndividualEnrollment(device.registrationId);
    expect(JSON.stringify(responseBody)).not.toContain('a-secret-of-the-webhook');
    await service.administrator.createOrUpdateIndividualEnrollment({ ...responseBody, initialTwin: undefined } as never);
    webhook.answer = () => ({ body: { iotHubHostName: service.hubs[0] } });
    await calls.register(device);
    expect(webhook.requests.at(-1)?.url).toBe('/allocate?code=a-secret-of-the-webhook');
    await service.caughtUp();
    const shown = await service.manage('GET', `/enrollments/${device.registrationId}`);
    expect(shown.text).toContain('code=****');
    expect(shown.text).not.toContain('a-secret-of-the-webhook');
    expect((await calls.events(device.registrationId)).text).not.toContain('a-secret-of-the-webhook');
  });
});
