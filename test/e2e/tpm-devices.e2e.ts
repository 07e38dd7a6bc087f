import { OperationAnswer, reportProperties } from '@test/support/clients';
import { DeviceCalls, expectError } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { SoftwareTpm } from '@test/support/software-tpm';
import { TpmDevice } from '@test/support/tpm-device';

let service: RunningService;
let devices = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

function newDevice(tpm?: SoftwareTpm): TpmDevice {
  return new TpmDevice(service, `tpm-device-${++devices}`, tpm);
}

async function enrolled(overrides?: object): Promise<TpmDevice> {
  const device = newDevice();
  await device.enroll(overrides);
  return device;
}

async function keysAt(hub: string, deviceId: string): Promise<unknown> {
  const { responseBody } = await service.registry(hub).get(deviceId);
  return responseBody.authentication?.symmetricKey;
}

describe('a device with a TPM', () => {
  it('is challenged with exactly the documented answer', async () => {
    const device = await enrolled();
    const { status, headers, text } = await device.put();
    expect(status).toBe(401);
    expect(headers['content-type']).toContain('application/json');
    const { authenticationKey, ...rest } = JSON.parse(text) as Record<string, unknown>;
    expect(rest).toEqual({
      message: 'Authorization required, resend request using supplied key',
      unencryptedAuthenticationKey: null,
      keyName: 'registration',
    });
    const blob = Buffer.from(String(authenticationKey), 'base64');
    expect(blob).toHaveLength(920);
    expect(device.tpm.activate(blob).uri).toBe(`${service.facts.idScope}/registrations/${device.registrationId}`);
  });

  it('registers with the key it activated, and lives at its hub with the key in the second blob', async () => {
    const device = await enrolled({ initialTwin: { tags: {}, properties: { desired: { interval: 5 } } } });
    const { status, registrationState } = await device.register();
    expect(status).toBe('assigned');
    expect(registrationState).toMatchObject({ deviceId: device.registrationId, substatus: 'initialAssignment' });
    const hub = String(registrationState.assignedHub);
    const hubKey = device.hubKeyIn(registrationState);
    expect(await keysAt(hub, device.registrationId)).toEqual({ primaryKey: hubKey, secondaryKey: hubKey });
    await reportProperties(service.endpoint, hub, device.registrationId, hubKey, { alive: true });
  });

  it('polls and looks itself up with the token it registered with, and finds the same key', async () => {
    const device = await enrolled();
    const token = await device.token();
    const { operationId, registrationState } = await device.registerWith(token);
    const hubKey = device.hubKeyIn(registrationState);
    const poll = await device.poll(operationId, token);
    expect(poll.status).toBe(200);
    expect(device.hubKeyIn((poll.json() as OperationAnswer).registrationState)).toBe(hubKey);
    const lookUp = await device.lookUp(token);
    expect(device.hubKeyIn(lookUp.json() as OperationAnswer['registrationState'])).toBe(hubKey);
  });

  it('gets a new key for its hub at each registration', async () => {
    const device = await enrolled();
    const first = await device.register();
    const second = await device.register();
    expect(second.registrationState).toMatchObject({ assignedHub: first.registrationState.assignedHub });
    const [before, now] = [device.hubKeyIn(first.registrationState), device.hubKeyIn(second.registrationState)];
    expect(now).not.toBe(before);
    const hub = String(second.registrationState.assignedHub);
    expect(await keysAt(hub, device.registrationId)).toEqual({ primaryKey: now, secondaryKey: now });
  });

  it('takes its twin and a new key along when it moves', async () => {
    const [from, to] = service.hubs;
    const device = await enrolled({ iotHubs: [from] });
    const first = await device.register();
    await reportProperties(service.endpoint, from, device.registrationId, device.hubKeyIn(first.registrationState), { n: 1 });
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: true };
    await device.enroll({ iotHubs: [to], reprovisionPolicy, etag: '*' });
    const { registrationState } = await device.register();
    expect(registrationState).toMatchObject({ assignedHub: to, substatus: 'deviceDataMigrated' });
    await reportProperties(service.endpoint, to, device.registrationId, device.hubKeyIn(registrationState), { n: 2 });
  });

  it('needs no storage root key in the request when its enrollment holds one', async () => {
    const device = newDevice();
    const { endorsementKey, storageRootKey } = device.tpm;
    await device.enroll({ attestation: { type: 'tpm', tpm: { endorsementKey, storageRootKey } } });
    const token = await device.token({ endorsementKey });
    const { registrationState } = await device.registerWith(token, { endorsementKey });
    expect(device.hubKeyIn(registrationState)).toHaveLength(44);
  });

  it('is told that it is disabled once it has proved itself', async () => {
    const device = await enrolled({ provisioningStatus: 'disabled' });
    expect(await device.register()).toMatchObject({ status: 'disabled' });
  });

  it('finds the same key after the service was killed', async () => {
    const device = await enrolled();
    const token = await device.token();
    const { operationId, registrationState } = await device.registerWith(token);
    const before = device.hubKeyIn(registrationState);
    service.process.kill('SIGKILL');
    await service.process.ended;
    service = await service.restart();
    const again = new TpmDevice(service, device.registrationId, device.tpm);
    const { registrationState: after } = (await again.poll(operationId, token)).json() as OperationAnswer;
    expect(again.hubKeyIn(after)).toBe(before);
  });

  it('is told the key that the hub has, also when a crash interrupted the registration', async () => {
    const device = await enrolled();
    const token = await device.token();
    await service.process.stop();
    service = await service.restart({ REHOME_FAILPOINTS: 'create:placed:1', REHOME_ALLOW_FAILPOINTS: '1' });
    await expect(new TpmDevice(service, device.registrationId, device.tpm).put(token)).rejects.toThrow();
    await service.process.ended;
    service = await service.restart({});
    const again = new TpmDevice(service, device.registrationId, device.tpm);
    const state = await again.lookUpAssigned(token);
    const hubKey = again.hubKeyIn(state);
    const keys = await keysAt(String(state.assignedHub), device.registrationId);
    expect(keys).toEqual({ primaryKey: hubKey, secondaryKey: hubKey });
  });

  it('leaves no key in the log', async () => {
    const device = await enrolled();
    const { registrationState } = await device.register();
    const { text } = await new DeviceCalls(service).events(device.registrationId);
    expect(text).toContain('AssignmentStarted');
    expect(text).toContain(device.tpm.storageRootKey);
    expect(text).not.toContain(device.hubKeyIn(registrationState));
  });
});

describe('refused, without a word why, is a device', () => {
  const other = new SoftwareTpm();

  it.each<[string, (device: TpmDevice) => object]>([
    ['with another endorsement key', ({ keys }) => ({ ...keys, endorsementKey: other.endorsementKey })],
    ['with an endorsement key that is none', ({ keys }) => ({ ...keys, endorsementKey: 'AToAAQ==' })],
    ['with a storage root key that is none', ({ keys }) => ({ ...keys, storageRootKey: 'AToAAQ==' })],
    ['without a storage root key', ({ keys }) => ({ endorsementKey: keys.endorsementKey })],
    ['without an endorsement key', ({ keys }) => ({ storageRootKey: keys.storageRootKey })],
    [
      'whose storage root key could be anywhere',
      ({ keys }) => ({ ...keys, storageRootKey: new SoftwareTpm(0x00030440).storageRootKey }),
    ],
  ])('%s', async (_what, body) => {
    const device = await enrolled();
    expect(await expectError(device.put(undefined, body(device)), 401002)).toBe('Unauthorized');
  });

  it('with another storage root key than the enrollment holds', async () => {
    const device = newDevice();
    const { endorsementKey, storageRootKey } = device.tpm;
    await device.enroll({ attestation: { type: 'tpm', tpm: { endorsementKey, storageRootKey } } });
    await expectError(device.put(undefined, { endorsementKey, storageRootKey: other.storageRootKey }), 401002);
  });

  it('with a token by another key, or by the key for its hub', async () => {
    const device = await enrolled();
    await expectError(device.put(device.tokenBy(Buffer.alloc(32, 7))), 401002);
    const hubKey = device.hubKeyIn((await device.register()).registrationState);
    await expectError(device.put(device.tokenBy(Buffer.from(hubKey, 'base64'))), 401002);
  });

  it('with the challenge of another device', async () => {
    const [device, stranger] = [await enrolled(), await enrolled()];
    const { authenticationKey } = (await stranger.put()).json() as { authenticationKey: string };
    const { key } = stranger.tpm.activate(Buffer.from(authenticationKey, 'base64'));
    await expectError(device.put(device.tokenBy(key)), 401002);
  });

  it('that polls without a token', async () => {
    const device = await enrolled();
    const { operationId } = await device.register();
    await expectError(device.poll(operationId, undefined), 401002);
  });
});

it('a registration id that nobody enrolled is not found', async () => {
  await expectError(newDevice().put(), 404201);
});

it.each([
  ['no base64', { endorsementKey: '***' }],
  ['a number', { endorsementKey: 5 }],
  ['far too long', { endorsementKey: 'A'.repeat(4_000) }],
])('an endorsement key that is %s is a malformed request', async (_what, keys) => {
  const device = await enrolled();
  await expectError(device.put(undefined, keys), 400004);
});

it('operators see what a device did not pass', async () => {
  const device = await enrolled();
  await device.put(undefined, { ...device.keys, endorsementKey: new SoftwareTpm().endorsementKey });
  expect(service.process.output()).toContain('the endorsement key is not the one of the enrollment');
});
