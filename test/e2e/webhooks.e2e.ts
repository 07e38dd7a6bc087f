import { Device, DeviceCalls, memberOf } from '@test/support/device-calls';
import { EventReceiver, outOfOrder } from '@test/support/event-receiver';
import { RunningService, startService } from '@test/support/running-service';
import { until } from '@test/support/until';

const SECRET = 'a secret of sixteen and more';

interface WebhookAnswer {
  readonly url: string;
  readonly delivered: number;
  readonly pending: number;
  readonly dead: number;
  readonly lastError: string | null;
  readonly lagEvents: number | null;
}

let service: RunningService;
let calls: DeviceCalls;
let groupKey: string;
const receiver = new EventReceiver(SECRET);

beforeAll(async () => {
  await receiver.open();
  const env = { REHOME_WEBHOOK_ALLOW_NETWORKS: '127.0.0.1', REHOME_WEBHOOK_ATTEMPTS: '5', REHOME_WEBHOOK_RETRY_MS: '60' };
  service = await startService({ REHOME_LOG_LEVEL: 'warn', ...env });
  calls = new DeviceCalls(service);
  groupKey = await calls.enrollGroup('hooks', { iotHubs: [service.hubs[0]], allocationPolicy: 'static' });
});
afterAll(async () => {
  await service.close();
  await receiver.crash();
});
beforeEach(() => {
  receiver.answer = () => 204;
  receiver.taken.length = 0;
  receiver.refused.length = 0;
});

const member = (registrationId: string): Device => memberOf(groupKey, registrationId);
const state = async (name: string): Promise<WebhookAnswer> =>
  (await service.manage('GET', `/webhooks/${name}`)).json() as WebhookAnswer;
const put = (name: string, body: object) => service.manage('PUT', `/webhooks/${name}`, body);
/** A webhook that was removed goes on for up to a second, so each test looks at its own alone. */
const takenBy = (webhook: string, subject: string): string[] =>
  receiver.taken.filter((event) => event.webhook === webhook && event.subject === subject).map(({ type }) => type);

test('a webhook gets what passes its filters, signed, and its secrets are never answered', async () => {
  const filters = { types: ['DeviceAssigned'], hubs: [service.hubs[0]] };
  const made = await put('assigned', { url: receiver.url, secret: SECRET, filters });
  expect([made.status, made.text]).toEqual([200, expect.stringContaining('"name":"assigned"') as string]);
  await calls.register(member('first'));
  await until('it was delivered', () => receiver.taken.length === 1);
  expect(receiver.taken[0]).toMatchObject({ type: 'rehome.DeviceAssigned', subject: 'first', isSigned: true, attempt: 1 });
  expect(receiver.taken[0]?.url).toBe('/events?code=a-key-of-the-receiver');
  await until('it is counted', async () => (await state('assigned')).delivered === 1);
  expect(await state('assigned')).toMatchObject({ url: receiver.url.replace(/code=.*/, 'code=****'), pending: 0, dead: 0 });
  const events = await service.manage('GET', '/feed/replay?type=WebhookAdded');
  for (const text of [made.text, (await service.manage('GET', '/webhooks')).text, events.text]) {
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('a-key-of-the-receiver');
  }
  // The same again, as it was answered: nothing changes, so no event is written.
  const before = (await service.manage('GET', '/feed/replay')).text;
  const again = await put('assigned', { url: (await state('assigned')).url, filters });
  expect(again.status).toBe(200);
  expect((await service.manage('GET', '/feed/replay')).text).toBe(before);
  expect((await service.manage('DELETE', '/webhooks/assigned')).status).toBe(204);
  expect((await service.manage('GET', '/webhooks/assigned')).status).toBe(404);
});

test('an event that is refused becomes a dead letter, its device waits behind it, and others go on', async () => {
  await put('strict', { url: receiver.url, secret: SECRET, filters: { devices: ['bad', 'good'] } });
  receiver.answer = ({ subject, type }) => (subject === 'bad' && type === 'rehome.AssignmentStarted' ? 422 : 200);
  await calls.register(member('bad'));
  await calls.register(member('good'));
  await until('there is a dead letter', async () => (await state('strict')).dead === 1);
  await until('the other device is through', () => takenBy('strict', 'good').includes('rehome.DeviceAssigned'));
  expect(takenBy('strict', 'bad')).toEqual([]);
  expect(receiver.refused.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
  const { items } = (await service.manage('GET', '/webhooks/strict/dead-letters')).json() as { items: { id: string }[] };
  expect(items).toMatchObject([{ type: 'AssignmentStarted', attempts: 5, error: expect.stringContaining('422') as string }]);
  expect(items[0]).toMatchObject({ waiting: (await state('strict')).pending });

  receiver.answer = () => 200;
  const [letter] = items;
  const retried = await service.manage('POST', '/webhooks/strict/dead-letters/retry', { ids: [letter?.id] });
  expect(retried.json()).toEqual({ retried: 1 });
  await until('nothing waits', async () => (await state('strict')).pending === 0);
  expect(takenBy('strict', 'bad')[0]).toBe('rehome.AssignmentStarted');
  expect(takenBy('strict', 'bad')).toContain('rehome.DeviceAssigned');
  expect(outOfOrder(receiver.taken.filter(({ webhook }) => webhook === 'strict'))).toEqual([]);
  await service.manage('DELETE', '/webhooks/strict');
});

test('a dead letter that is discarded is not delivered, and what waited behind it is', async () => {
  await put('discarding', { url: receiver.url, secret: SECRET, filters: { devices: ['dropped'] } });
  receiver.answer = ({ type }) => (type === 'rehome.AssignmentStarted' ? 400 : 200);
  await calls.register(member('dropped'));
  await until('there is a dead letter', async () => (await state('discarding')).dead === 1);
  const { items } = (await service.manage('GET', '/webhooks/discarding/dead-letters')).json() as { items: { id: string }[] };
  const path = `/webhooks/discarding/dead-letters/${items[0]?.id ?? ''}`;
  expect((await service.manage('DELETE', path)).status).toBe(204);
  expect((await service.manage('DELETE', path)).status).toBe(404);
  await until('the rest is through', () => takenBy('discarding', 'dropped').includes('rehome.DeviceAssigned'));
  expect(takenBy('discarding', 'dropped')).not.toContain('rehome.AssignmentStarted');
  await service.manage('DELETE', '/webhooks/discarding');
});

test('nothing becomes a dead letter while the receiver is away', async () => {
  await put('outage', { url: receiver.url, secret: SECRET, filters: { types: ['DeviceAssigned'] } });
  await until('a worker has taken it up', async () => (await state('outage')).lagEvents === 0);
  await receiver.crash();
  const devices = Array.from({ length: 12 }, (_, index) => member(`outage-${index}`));
  // At once, so that several streams fail together before any has used up its attempts.
  await Promise.all(devices.map((device) => calls.register(device)));
  await until('they wait', async () => (await state('outage')).pending === devices.length);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await state('outage')).toMatchObject({ dead: 0, pending: devices.length, lastError: expect.any(String) as string });
  await receiver.open();
  await until('all have come', () => receiver.taken.length >= devices.length);
  expect(new Set(receiver.taken.map(({ subject }) => subject)).size).toBe(devices.length);
  await service.manage('DELETE', '/webhooks/outage');
});

test('redirects are not followed, and addresses that are not allowed are not spoken to', async () => {
  await put('redirected', { url: receiver.url, secret: SECRET, filters: { devices: ['moved-on'] } });
  await put('local', { url: 'http://[::1]:1/events', secret: SECRET, filters: { devices: ['moved-on'] } });
  receiver.answer = () => 307;
  await calls.register(member('moved-on'));
  await until('both have failed', async () => (await state('redirected')).dead === 1 && (await state('local')).dead === 1);
  expect(receiver.refused.every(({ url }) => url.startsWith('/events'))).toBe(true);
  expect((await state('redirected')).lastError).toContain('307');
  expect((await state('local')).lastError).toContain('REHOME_WEBHOOK_ALLOW_NETWORKS');
  for (const name of ['redirected', 'local']) await service.manage('DELETE', `/webhooks/${name}`);
});

test('what is no webhook is refused', async () => {
  const valid = { url: receiver.url, secret: SECRET };
  const attempts: readonly [string, object][] = [
    ['a', { ...valid, url: 'ftp://x.example' }],
    ['a', { ...valid, url: 'https://user:password@x.example' }],
    ['a', { ...valid, secret: 'short' }],
    ['a', { url: receiver.url }],
    ['a', { ...valid, from: '999999999' }],
    ['a', { ...valid, filters: { types: ['no type!'] } }],
    ['a', { ...valid, unknown: true }],
    ['-a', valid],
  ];
  for (const [name, body] of attempts) expect([body, (await put(name, body)).status]).toEqual([body, 400]);
  expect((await service.manage('DELETE', '/webhooks/none')).status).toBe(404);
  expect((await service.manage('GET', '/webhooks/none/dead-letters')).status).toBe(404);
});
