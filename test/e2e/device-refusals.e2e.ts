import { call, deviceKeyOf, sasToken } from '@test/support/clients';
import { DeviceCalls, Enrolled, RegisterRequest, VERSION, expectError } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn', REHOME_RETRY_AFTER_S: '7' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());

describe('who may register', () => {
  test('nobody without an enrollment: 404201, or 401002 while there are groups it might belong to', async () => {
    const stranger = { registrationId: 'stranger', key: Buffer.alloc(32, 7).toString('base64') };
    await expectError(calls.put(stranger), 404201);
    await calls.enrollGroup('some-group');
    await expectError(calls.put(stranger), 401002);
  });

  test.each<[string, (device: Enrolled) => string]>([
    ['no token', () => ''],
    ['a token of another key', (device) => calls.tokenFor({ ...device, key: Buffer.alloc(64, 1).toString('base64') })],
    ['a token of another device', (device) => calls.tokenFor({ registrationId: 'other', key: device.key })],
    [
      'a token of another scope',
      (device) => sasToken(`0ne00000000/registrations/${device.registrationId}`, device.key, 'registration'),
    ],
    ['an expired token', (device) => calls.tokenFor(device, -3600)],
    ['a token with a changed signature', (device) => calls.tokenFor(device).replace(/sig=../, 'sig=AA')],
    ['a bearer token', () => `Bearer ${service.facts.apiToken}`],
    ['words', () => 'SharedAccessSignature please'],
    ['a token of absurd length', (device) => `${calls.tokenFor(device)}&x=${'y'.repeat(6000)}`],
  ])('%s is refused alike, and nothing is stored', async (_name, authorization) => {
    const device = await calls.enroll();
    const message = await expectError(calls.put(device, { headers: { authorization: authorization(device) } }), 401002);
    expect(message).toBe('Unauthorized');
    expect((await calls.events(device.registrationId)).status).toBe(404);
  });

  test('the log says which check failed, and never the token', async () => {
    const device = await calls.enroll();
    const authorization = calls.tokenFor(device, -7200);
    const answer = await calls.put(device, { headers: { authorization } });
    const { trackingId } = answer.json() as { trackingId: string };
    const line = await service.logLine(trackingId);
    expect(line).toContain('expired');
    expect(line).not.toContain(device.key);
    expect(line).not.toContain(/sig=([^&]+)/.exec(authorization)?.[1] ?? 'no signature');
  });

  test('a disabled enrollment: 202 with status disabled, after the device has proven who it is', async () => {
    const device = await calls.enroll({ provisioningStatus: 'disabled' });
    const answer = await calls.put(device);
    expect(answer.status).toBe(202);
    expect(answer.json()).toMatchObject({
      status: 'disabled',
      registrationState: { status: 'disabled', registrationId: device.registrationId },
    });
    await expectError(calls.put({ ...device, key: device.key.replace(/^./, 'A') }), 401002);
  });

  test('an individual enrollment beats the group, and a disabled one blocks one device of it', async () => {
    const groupKey = await calls.enrollGroup('line', { iotHubs: [service.hubs[0]] });
    const member = { registrationId: 'line-1', key: deviceKeyOf(groupKey, 'line-1') };
    expect(await calls.register(member)).toMatchObject({ registrationState: { assignedHub: service.hubs[0] } });
    const own = await calls.enroll({ iotHubs: [service.hubs[1]] }, 'line-1');
    await expectError(calls.put(member), 401002);
    expect(await calls.register(own)).toMatchObject({ registrationState: { assignedHub: service.hubs[1], symmetricKey: {} } });
    await calls.enroll(
      {
        provisioningStatus: 'disabled',
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: member.key, secondaryKey: member.key } },
      },
      'line-1',
    );
    expect(await calls.register(member)).toMatchObject({ status: 'disabled' });
    expect(await calls.register({ registrationId: 'line-2', key: deviceKeyOf(groupKey, 'line-2') })).toMatchObject({
      status: 'assigned',
    });
  });
});

describe('what cannot be understood', () => {
  test.each<[string, RegisterRequest]>([
    ['no api-version', { path: 'register' }],
    ['an unknown api-version', { apiVersion: '2018-04-02' }],
    ['a body that is no JSON', { body: '{"registrationId":' }],
    ['a body that is no object', { body: '[]' }],
    ['an empty body', { body: '' }],
    ['another id in the body', { body: { registrationId: 'other' } }],
    ['a payload that is no object', { body: { payload: 'text' } }],
    ['a body of more than 96 KB', { body: { payload: { text: 'x'.repeat(97 * 1024) } } }],
    ['a body with a prototype', { body: '{"__proto__":{"admin":true}}' }],
    ['XML', { headers: { 'content-type': 'application/xml' }, body: '<a/>' }],
  ])('%s changes nothing', async (_name, request) => {
    const device = await calls.enroll();
    const base = `/${service.facts.idScope}/registrations/${device.registrationId}`;
    const answer = await calls.put(device, request.path === undefined ? request : { path: `${base}/${request.path}` });
    expect([400, 415]).toContain(answer.status);
    expect(answer.json()).toMatchObject({ trackingId: answer.headers['x-ms-request-id'] });
    expect((await calls.events(device.registrationId)).status).toBe(404);
  });

  test.each(['a b', 'a/../b', '-a', 'ä', 'a'.repeat(129), 'a'.repeat(5000)])('id %j', async (id) => {
    const path = `/${service.facts.idScope}/registrations/${encodeURIComponent(id)}/register?api-version=${VERSION}`;
    const answer = await calls.put({ registrationId: 'x', key: 'AAAA' }, { path, body: {} });
    expect([400, 404, 414]).toContain(answer.status);
  });

  test('an unknown api-version is answered with those that are supported', async () => {
    expect(await expectError(calls.put(await calls.enroll(), { apiVersion: '1999-01-01' }), 400004)).toContain('2021-06-01');
  });

  test.each(['/nothing', '/0ne/registrations', '/%'])('route %s is answered in the same shape', async (path) => {
    const answer = await call(service.endpoint, { method: 'GET', host: service.host, path });
    expect([400, 404]).toContain(answer.status);
    expect(answer.json()).toHaveProperty('errorCode');
  });
});
