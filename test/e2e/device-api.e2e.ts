import { connect } from 'node:tls';
import { OperationAnswer, deviceKeyOf, registerDevice } from '@test/support/clients';
import { DeviceCalls, VERSION, expectError } from '@test/support/device-calls';
import { RunningService, startService, twinAt } from '@test/support/running-service';

let service: RunningService;
let calls: DeviceCalls;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn', REHOME_RETRY_AFTER_S: '7' });
  calls = new DeviceCalls(service);
});
afterAll(() => service.close());

describe('register (R1)', () => {
  test('answers 202 with everything clients read, and is finished at once', async () => {
    const device = await calls.enroll({ iotHubs: [service.hubs[0]] });
    const answer = await calls.put(device, { headers: { 'user-agent': 'device-sdk/1.0' } });
    expect(answer.status).toBe(202);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      location: `https://${service.host}:${service.endpoint.port}/${service.facts.idScope}/registrations/${device.registrationId}/register`,
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
    });
    expect(answer.headers['x-ms-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const body = answer.json() as OperationAnswer;
    expect(body.operationId).toMatch(/^5\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
    expect(body.status).toBe('assigned');
    expect(body.registrationState).toMatchObject({
      registrationId: device.registrationId,
      assignedHub: service.hubs[0],
      deviceId: device.registrationId,
      status: 'assigned',
      substatus: 'initialAssignment',
      symmetricKey: {},
    });
    expect(Buffer.from(String(body.registrationState.etag), 'base64').toString()).toMatch(/^".+"$/);
  });

  test.each([
    ['the id in other letters', (id: string) => `/registrations/${id.toUpperCase()}/register?api-version=${VERSION}`],
    ['a trailing slash', (id: string) => `/registrations/${id}/register/?api-version=${VERSION}`],
    ['routes in other letters', (id: string) => `/Registrations/${id}/REGISTER?api-version=${VERSION}`],
    ['forceRegistration', (id: string) => `/registrations/${id}/register?api-version=${VERSION}&forceRegistration=true`],
  ])('takes %s', async (_name, path) => {
    const device = await calls.enroll();
    const answer = await calls.put(device, { path: `/${service.facts.idScope}${path(device.registrationId)}` });
    expect(answer.status).toBe(202);
  });

  test('takes a raw colon and a percent-encoded one in the id', async () => {
    const device = await calls.enroll({}, 'mac:00:11');
    const base = `/${service.facts.idScope}/registrations`;
    expect((await calls.put(device)).status).toBe(202);
    const path = `${base}/mac%3A00%3A11/register?api-version=${VERSION}`;
    expect((await calls.put(device, { path })).status).toBe(202);
  });

  test('takes Content-Encoding: utf-8, as in the published curl examples', async () => {
    expect((await calls.put(await calls.enroll(), { headers: { 'content-encoding': 'utf-8' } })).status).toBe(202);
  });

  test('takes the secondary key at once', async () => {
    const { registrationId, secondaryKey } = await calls.enroll();
    expect((await calls.put({ registrationId, key: secondaryKey })).status).toBe(202);
  });

  test('takes a token whose resource is signed raw, as the Node SDK sends it', async () => {
    const { registrationId, key } = await calls.enroll();
    const device = { idScope: service.facts.idScope, registrationId, key };
    expect(await registerDevice(service.endpoint, service.host, device, { firmware: 'ä' })).toMatchObject({ status: 'assigned' });
  });

  test('a device of a group is told its group', async () => {
    const groupKey = await calls.enrollGroup('press-shop');
    const registrationId = 'press-1';
    const { registrationState } = await calls.register({ registrationId, key: deviceKeyOf(groupKey, registrationId) });
    expect(registrationState).toMatchObject({ status: 'assigned', symmetricKey: { enrollmentGroupId: 'press-shop' } });
    expect(await twinAt(service.registry(String(registrationState.assignedHub)), registrationId)).toBeDefined();
  });

  test('a repeated register while one is under way joins it', async () => {
    const device = await calls.enroll();
    const answers = await Promise.all(Array.from({ length: 8 }, () => calls.register(device)));
    const started = ((await calls.events(device.registrationId)).json() as { items: { type: string }[] }).items;
    const operations = new Set(answers.map(({ operationId }) => operationId));
    expect(started.filter(({ type }) => type === 'AssignmentStarted')).toHaveLength(operations.size);
  });
});

describe('poll (R2) and look-up (R3)', () => {
  test('a poll repeats the operation, with and without a body on GET', async () => {
    const device = await calls.enroll();
    const { operationId } = await calls.register(device);
    for (const body of [undefined, '{}']) {
      const answer = await calls.poll(device, operationId, body);
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({ operationId, status: 'assigned' });
    }
  });

  test('an earlier operation is still known, with the answer it had', async () => {
    const device = await calls.enroll({ iotHubs: [service.hubs[0]] });
    const first = await calls.register(device);
    const enrollment = {
      registrationId: device.registrationId,
      attestation: { type: 'symmetricKey' },
      iotHubs: [service.hubs[1]],
    };
    await service.administrator.createOrUpdateIndividualEnrollment(enrollment as never);
    const second = await calls.register(device);
    expect(second.registrationState.assignedHub).toBe(service.hubs[1]);
    expect((await calls.poll(device, first.operationId)).json()).toMatchObject({
      registrationState: { assignedHub: service.hubs[0] },
    });
  });

  test('an operation that never was: 404201', async () => {
    const device = await calls.enroll();
    await calls.put(device);
    await expectError(calls.poll(device, '5.0000000000000000.00000000-0000-4000-8000-000000000000'), 404201);
  });

  test('a look-up answers the registration itself, and starts nothing', async () => {
    const device = await calls.enroll();
    await expectError(calls.lookUp(device), 404201);
    const { registrationState } = await calls.register(device);
    const answer = await calls.lookUp(device);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual(registrationState);
  });
});

test('TLS sessions are never resumed, so that a certificate chain is seen with every request', async () => {
  const options = { port: service.endpoint.port, host: '127.0.0.1', servername: 'localhost', ca: service.endpoint.ca };
  const first = await new Promise<Buffer | undefined>((resolve, reject) => {
    const socket = connect(options, () => {
      const session = socket.getSession();
      socket.end();
      resolve(session);
    }).on('error', reject);
  });
  const reused = await new Promise<boolean>((resolve, reject) => {
    const socket = connect({ ...options, ...(first === undefined ? {} : { session: first }) }, () => {
      const answer = socket.isSessionReused();
      socket.end();
      resolve(answer);
    }).on('error', reject);
  });
  expect(reused).toBe(false);
});

describe('an instance that does not wait', () => {
  test('answers assigning with Retry-After, and the poll tells the rest', async () => {
    const impatient = await startService({ REHOME_REGISTER_WAIT_MS: '0', REHOME_RETRY_AFTER_S: '7', REHOME_LOG_LEVEL: 'error' });
    const calls = new DeviceCalls(impatient);
    try {
      const device = await calls.enroll();
      const answer = await calls.put(device);
      expect(answer).toMatchObject({ status: 202, headers: { 'retry-after': '7' } });
      expect(answer.json()).toMatchObject({
        status: 'assigning',
        registrationState: { status: 'assigning', registrationId: device.registrationId },
      });
      expect((answer.json() as OperationAnswer).registrationState).not.toHaveProperty('assignedHub');
    } finally {
      await impatient.close();
    }
  });
});
