import { deviceKeyOf } from '@test/support/clients';
import { DeviceCalls, expectError } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());

interface NewKey {
  readonly key: string;
  readonly value: string;
  readonly etag: string;
}

async function regenerate(path: string, key: 'primary' | 'secondary'): Promise<NewKey> {
  const answer = await service.manage('POST', `/${path}/regenerate-key`, { key });
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  return answer.json() as NewKey;
}

async function keysAtHub(hub: string, deviceId: string): Promise<unknown> {
  const { responseBody } = await service.registry(hub).get(deviceId);
  return responseBody.authentication?.symmetricKey;
}

test('one key of an individual enrollment: the other is not disturbed, the hub follows at the next registration', async () => {
  const [hub] = service.hubs;
  const device = await calls.enroll({ iotHubs: [hub] });
  const { registrationId, key, secondaryKey } = device;
  await calls.register(device);
  const { value } = await regenerate(`enrollments/${registrationId}`, 'primary');
  expect(value).not.toBe(key);
  await expectError(calls.put({ registrationId, key }), 401002);
  expect(await keysAtHub(hub, registrationId)).toEqual({ primaryKey: key, secondaryKey });
  expect(await calls.register({ registrationId, key: secondaryKey })).toMatchObject({ status: 'assigned' });
  expect(await keysAtHub(hub, registrationId)).toEqual({ primaryKey: value, secondaryKey });
  expect(await calls.register({ registrationId, key: value })).toMatchObject({ status: 'assigned' });

  const next = await regenerate(`enrollments/${registrationId}`, 'secondary');
  await expectError(calls.put({ registrationId, key: secondaryKey }), 401002);
  expect(await calls.register({ registrationId, key: next.value })).toMatchObject({ status: 'assigned' });
  expect(await keysAtHub(hub, registrationId)).toEqual({ primaryKey: value, secondaryKey: next.value });
});

test('one key of a group: devices derive theirs from the new one at once', async () => {
  const [hub] = service.hubs;
  const groupKey = await calls.enrollGroup('rotating', { iotHubs: [hub] });
  const registrationId = 'of-rotating-group';
  const withKeyOf = (key: string) => ({ registrationId, key: deviceKeyOf(key, registrationId) });
  await calls.register(withKeyOf(groupKey));
  const { value } = await regenerate('enrollment-groups/rotating', 'primary');
  await expectError(calls.put(withKeyOf(groupKey)), 401002);
  expect(await calls.register(withKeyOf(value))).toMatchObject({ status: 'assigned' });
  expect(await keysAtHub(hub, registrationId)).toMatchObject({ primaryKey: deviceKeyOf(value, registrationId) });
});

test('asks for what is there: If-Match, an enrollment, symmetric keys, the name of a key', async () => {
  const { registrationId } = await calls.enroll();
  const path = `/enrollments/${registrationId}/regenerate-key`;
  expect((await service.manage('POST', path, { key: 'primary' }, { 'if-match': '"elsewhere"' })).status).toBe(412);
  expect((await service.manage('POST', path, { key: 'third' })).status).toBe(400);
  expect((await service.manage('POST', '/enrollments/nobody/regenerate-key', { key: 'primary' })).status).toBe(404);
  const first = await regenerate(`enrollments/${registrationId}`, 'primary');
  expect((await service.manage('POST', path, { key: 'primary' }, { 'if-match': first.etag })).status).toBe(200);
  expect((await calls.events(registrationId)).text).not.toContain(first.value);
});
