import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { OperationAnswer, call, deviceKeyOf } from '@test/support/clients';
import { Device, DeviceCalls } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { Webhook } from '@test/support/webhook';

const RUNS = 40;
const regions = {
  europe: { networks: ['127.0.1.0/24'], latenciesMs: { westeurope: 10, eastus: 90 } },
  america: { networks: ['127.0.2.0/24'], latenciesMs: { westeurope: 95, eastus: 9 } },
};

let directory: string;
let service: RunningService;
let calls: DeviceCalls;
let webhook: Webhook;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-preview-'));
  const file = join(directory, 'latencies.json');
  await writeFile(file, JSON.stringify({ regions }));
  webhook = await Webhook.start();
  service = await startService({
    REHOME_LOG_LEVEL: 'fatal',
    REHOME_LATENCY_FILE: file,
    REHOME_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
    REHOME_REGISTER_WAIT_MS: '10000',
  });
  calls = new DeviceCalls(service);
});
afterAll(async () => {
  await service.close();
  await webhook.close();
  await rm(directory, { recursive: true, force: true });
});

interface Grounds {
  readonly policy: unknown;
  readonly allocation: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

interface Preview {
  readonly outcome: string;
  readonly action: string | null;
  readonly hub: string | null;
  readonly previousHub: string | null;
  readonly twinSource: string | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly rules: readonly { readonly rule: string; readonly outcome: string }[];
  readonly grounds: Grounds | null;
}

async function preview(registrationId: string, body: object = {}): Promise<Preview> {
  const answer = await service.manage('POST', `/registrations/${registrationId}/preview`, body);
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  return answer.json() as Preview;
}

interface Imagined {
  readonly apiVersion: string;
  readonly remoteAddress: string;
  readonly payload: object;
}

async function register(device: Device, { apiVersion, remoteAddress, payload }: Imagined): Promise<OperationAnswer> {
  const { registrationId } = device;
  const path = `/${service.facts.idScope}/registrations/${registrationId}/register?api-version=${apiVersion}`;
  const headers = { authorization: calls.tokenFor(device) };
  const body = { registrationId, payload };
  const request = { method: 'PUT', host: service.host, path, headers, body, localAddress: remoteAddress };
  return (await call(service.endpoint, request)).json() as OperationAnswer;
}

interface Event {
  readonly type: string;
  readonly data: { readonly grounds?: Grounds; readonly plan?: { readonly action: string; readonly to: string } };
}

async function events(registrationId: string): Promise<readonly Event[]> {
  const answer = await calls.events(registrationId);
  return answer.status === 404 ? [] : (answer.json() as { items: readonly Event[] }).items;
}

/** What must be the same in the preview and in the log: how long a webhook took is not. */
function comparable(grounds: Grounds | null | undefined): unknown {
  if (grounds === null || grounds === undefined) return null;
  const { webhook: asked, ...allocation } = grounds.allocation;
  const timeless = asked === null ? null : { ...(asked as object), durationMs: 0 };
  return { policy: grounds.policy, reason: grounds.reason, allocation: { ...allocation, webhook: timeless } };
}

const policies = [
  null,
  { updateHubAssignment: true, migrateDeviceData: true },
  { updateHubAssignment: true, migrateDeviceData: false },
  { updateHubAssignment: false, migrateDeviceData: true },
];
const enrollments = fc.record({
  allocationPolicy: fc.constantFrom('hashed', 'geoLatency', 'static', 'custom', null),
  hubs: fc.constantFrom<readonly (0 | 1)[]>([], [0], [1], [0, 1]),
  reprovisionPolicy: fc.constantFrom(...policies),
  provisioningStatus: fc.constantFrom('enabled', 'enabled', 'enabled', 'disabled'),
});
const answers = fc.record({
  status: fc.constantFrom(200, 200, 200, 500),
  hub: fc.constantFrom<0 | 1>(0, 1),
  initialTwin: fc.constantFrom(undefined, null, {}, { properties: { desired: { by: 'webhook' } } }),
});
const requests = fc.record({
  apiVersion: fc.constantFrom('2018-04-01', '2019-03-31', '2021-06-01'),
  remoteAddress: fc.constantFrom('127.0.1.5', '127.0.2.5', '127.0.3.5'),
  payload: fc.constantFrom({}, { model: 'pump' }),
});
const situations = fc.constantFrom({}, { cordoned: true }, { draining: true }, { capacity: 0 });
const steps = fc.array(fc.record({ enrollment: enrollments, answer: answers, request: requests, situation: situations }), {
  minLength: 1,
  maxLength: 3,
});
type Step = typeof steps extends fc.Arbitrary<readonly (infer Item)[]> ? Item : never;

describe('a preview', () => {
  test('is what then happens, for any enrollment, whatever the device and the hubs did before', async () => {
    let devices = 0;
    const [west, east] = service.hubs;
    await service.manage('PUT', `/linked-hubs/${west}`, { location: 'westeurope' });
    await service.manage('PUT', `/linked-hubs/${east}`, { location: 'eastus' });
    const run = async (history: readonly Step[]): Promise<void> => {
      const registrationId = `previewed-${++devices}`;
      for (const { enrollment, answer, request, situation } of history) {
        const settings = { cordoned: false, draining: false, capacity: null, ...situation };
        expect((await service.manage('PUT', `/linked-hubs/${west}`, settings)).status).toBe(200);
        const { hubs, allocationPolicy, reprovisionPolicy, provisioningStatus } = enrollment;
        const { initialTwin } = answer;
        webhook.answer = () => ({ status: answer.status, body: { iotHubHostName: service.hubs[answer.hub], initialTwin } });
        const device = await calls.enroll(
          {
            provisioningStatus,
            iotHubs: hubs.map((index) => service.hubs[index]),
            customAllocationDefinition: { webhookUrl: webhook.url, apiVersion: '2021-10-01' },
            ...(allocationPolicy === null ? {} : { allocationPolicy }),
            ...(reprovisionPolicy === null ? {} : { reprovisionPolicy }),
          },
          registrationId,
        );
        const before = await events(registrationId);
        const foreseen = await preview(registrationId, { ...request, callWebhook: true });
        expect(await events(registrationId)).toEqual(before);

        const happened = await register(device, request);
        const started = (await events(registrationId)).slice(before.length).find(({ data }) => data.grounds !== undefined);
        const { assignedHub = null, errorCode, errorMessage } = happened.registrationState;
        const outcome = { assigned: 'assign', failed: 'fail', disabled: 'refuse' }[happened.status];
        const error = errorCode === undefined ? null : { code: errorCode, message: errorMessage };
        expect(foreseen).toMatchObject({ outcome, hub: assignedHub, error, action: started?.data.plan?.action ?? null });
        expect(comparable(foreseen.grounds)).toEqual(comparable(started?.data.grounds));
      }
    };
    await fc.assert(fc.asyncProperty(steps, run), { numRuns: RUNS, endOnFailure: true });
    await service.manage('PUT', `/linked-hubs/${west}`, { cordoned: false, draining: false, capacity: null });
  }, 240_000);

  test('calls no webhook unless it is told to', async () => {
    const customAllocationDefinition = { webhookUrl: webhook.url, apiVersion: '2021-10-01' };
    const { registrationId } = await calls.enroll({ allocationPolicy: 'custom', customAllocationDefinition });
    webhook.requests.length = 0;
    webhook.answer = () => ({ body: { iotHubHostName: service.hubs[0], initialTwin: {} } });
    const silent = await preview(registrationId);
    expect(silent).toMatchObject({ outcome: 'fail', error: { code: 400207 } });
    expect(silent.rules).toContainEqual({ rule: 'webhook', outcome: 'not called' });
    expect(webhook.requests).toEqual([]);
    expect(await preview(registrationId, { callWebhook: true, payload: { a: 1 } })).toMatchObject({
      outcome: 'assign',
      hub: service.hubs[0],
      twinSource: 'webhook',
    });
    expect(webhook.requests).toMatchObject([{ body: { deviceRuntimeContext: { payload: { a: 1 } } } }]);
  });

  test('of a device of a group needs the group until the device has registered', async () => {
    const groupKey = await calls.enrollGroup('line-7', { allocationPolicy: 'static', iotHubs: [service.hubs[1]] });
    const registrationId = 'of-line-7';
    const { status, text } = await service.manage('POST', `/registrations/${registrationId}/preview`, {});
    expect({ status, problem: JSON.parse(text) as unknown }).toMatchObject({ status: 404, problem: { status: 404 } });
    expect(await preview(registrationId, { enrollmentGroupId: 'LINE-7' })).toMatchObject({
      action: 'create',
      hub: service.hubs[1],
    });
    await calls.register({ registrationId, key: deviceKeyOf(groupKey, registrationId) });
    expect(await preview(registrationId)).toMatchObject({ action: 'keep', hub: service.hubs[1], twinSource: 'hub' });
  });

  test.each([
    ['an unknown api-version', { apiVersion: '2019-02-30' }],
    ['an address that is none', { remoteAddress: 'nowhere' }],
    ['a payload that is no object', { payload: 'text' }],
    ['members nobody asked for', { hub: 'hub-a' }],
  ])('refuses %s', async (_name, body) => {
    expect((await service.manage('POST', '/registrations/anything/preview', body)).status).toBe(400);
  });
});
