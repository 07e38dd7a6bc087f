import { EventStore, InMemoryEventStore, Log } from '@app/event-sourcing';
import { Answer, sasToken } from '@test/support/clients';
import { errorCodeOf, HUB_A, HUB_B, HubServer, ownerToken, OWNER_KEY, startHubServer } from './testing/hub-server';

const primaryKey = Buffer.alloc(32, 3).toString('base64');
const secondaryKey = Buffer.alloc(32, 4).toString('base64');
const reported = '/devices/dev/properties/reported';

let store: EventStore;
let server: HubServer;
const reasons: unknown[] = [];
const log: Log = {
  debug: () => undefined,
  info: (fields) => reasons.push((fields as { reason: unknown }).reason),
  warn: () => undefined,
  error: (fields) => reasons.push(fields),
};

beforeAll(async () => {
  store = new InMemoryEventStore();
  server = await startHubServer(store, { logger: log });
  const authentication = { symmetricKey: { primaryKey, secondaryKey } };
  for (const id of ['dev', 'other']) {
    expect((await server.send('PUT', `/devices/${id}`, { body: { deviceId: id, authentication } })).status).toBe(200);
  }
});
afterAll(async () => {
  await server.close();
  await store.close();
});
beforeEach(() => {
  reasons.length = 0;
});

const deviceToken = (key = primaryKey, deviceId = 'dev', host = HUB_A): string => sasToken(`${host}/devices/${deviceId}`, key);
const report = (body: unknown, authorization: string | null = deviceToken(), path = reported): Promise<Answer> =>
  server.send('PATCH', path, { body, authorization });
const setStatus = (status: string): Promise<Answer> =>
  server.send('PUT', '/devices/dev', { body: { deviceId: 'dev', status }, headers: { 'if-match': '"*"' } });

interface DeviceTwin {
  readonly reported: Record<string, unknown>;
  readonly desired: Record<string, unknown>;
}
async function ownTwin(): Promise<DeviceTwin> {
  return (await server.send('GET', '/devices/dev/twin', { authorization: deviceToken() })).json() as DeviceTwin;
}

describe('a device with its own token', () => {
  it('reports its properties by merge patch, with either key', async () => {
    expect((await report({ firmware: '1.0', radio: { channel: 1 } })).status).toBe(204);
    expect((await report({ radio: { channel: 2 }, firmware: null }, deviceToken(secondaryKey))).status).toBe(204);
    expect((await ownTwin()).reported).toEqual({ radio: { channel: 2 }, $version: 3 });
    const twin = (await server.send('GET', '/twins/dev')).json() as { version: number; properties: { reported: object } };
    expect(twin.version).toBe(1);
    expect(twin.properties.reported).toMatchObject({
      $metadata: { radio: { channel: { $lastUpdated: expect.any(String) as string } } },
    });
    expect(JSON.stringify(twin.properties.reported)).not.toContain('$lastUpdatedVersion');
  });

  it('reads its desired properties', async () => {
    await server.send('PATCH', '/twins/dev', { body: { properties: { desired: { interval: 5 } } } });
    expect((await ownTwin()).desired).toEqual({ interval: 5, $version: 2 });
  });

  it('may do nothing else, and nothing for another device', async () => {
    for (const [method, path] of [
      ['GET', '/devices/dev'],
      ['GET', '/twins/dev'],
      ['PATCH', '/twins/dev'],
      ['DELETE', '/devices/dev'],
      ['GET', '/rehome/devices/dev'],
      ['PATCH', '/devices/other/properties/reported'],
      ['GET', '/devices'],
    ] as const) {
      const answer = await server.send(method, path, { authorization: deviceToken() });
      expect([method, path, answer.status, errorCodeOf(answer)]).toEqual([method, path, 401, 'IotHubUnauthorizedAccess']);
    }
  });
});

describe('a refused token', () => {
  const hourAgo = sasToken(`${HUB_A}/devices/dev`, primaryKey, undefined, -3600);
  it.each([
    ['is missing', null, 'no Authorization header'],
    ['has expired', hourAgo, 'the token expired at'],
    ['is signed by another key', deviceToken(OWNER_KEY), 'the signature fits neither key of the device'],
    ['is for an unknown device', deviceToken(primaryKey, 'nobody'), 'not registered'],
    ['is for a device of another case', deviceToken(primaryKey, 'DEV'), 'not registered'],
    ['is for another hub', deviceToken(primaryKey, 'dev', HUB_B), 'another host'],
    ['is for all devices', sasToken(`${HUB_A}/devices`, primaryKey), 'names no policy and is not for one device'],
    ['is for the hub, signed by a device', sasToken(HUB_A, primaryKey, 'iothubowner'), 'does not fit the key of the policy'],
    ['names an unknown policy', sasToken(HUB_A, OWNER_KEY, 'nobody'), 'names no policy of this hub'],
    ['belongs to a policy without the right', sasToken(HUB_A, OWNER_KEY, 'service'), 'does not grant DeviceConnect'],
    ['covers another path', sasToken(`${HUB_A}/devices/other`, OWNER_KEY, 'iothubowner'), 'another resource'],
    ['covers the beginning of a name only', sasToken(`${HUB_A}/devices/de`, OWNER_KEY, 'iothubowner'), 'another resource'],
    ['is no token', 'Bearer abc', 'not a SharedAccessSignature'],
  ])('that %s gets one and the same answer; the log has the reason', async (_what, authorization, reason) => {
    const before = await ownTwin();
    const answer = await report({ stolen: true }, authorization);
    expect([answer.status, errorCodeOf(answer)]).toEqual([401, 'IotHubUnauthorizedAccess']);
    expect((answer.json() as { Message: string }).Message).toBe('ErrorCode:IotHubUnauthorizedAccess;Unauthorized');
    expect(reasons.join()).toContain(reason);
    expect(await ownTwin()).toEqual(before);
  });

  it('stays refused however often a good one was seen before it', async () => {
    expect((await server.send('GET', '/devices/dev')).status).toBe(200);
    const forged = ownerToken().replace(/sig=[^&]{5}/, 'sig=AAAAA');
    expect((await server.send('GET', '/devices/dev', { authorization: forged })).status).toBe(401);
  });

  it("is the device's while the device is disabled", async () => {
    expect((await setStatus('disabled')).status).toBe(200);
    expect((await report({ late: true })).status).toBe(401);
    expect(reasons).toEqual(['the device is disabled']);
    expect((await setStatus('enabled')).status).toBe(200);
    expect((await report({ late: true })).status).toBe(204);
  });

  it('is one made with keys that the device no longer has', async () => {
    const symmetricKey = { primaryKey: OWNER_KEY, secondaryKey: '' };
    const body = { deviceId: 'other', authentication: { symmetricKey } };
    await server.send('PUT', '/devices/other', { body, headers: { 'if-match': '*' } });
    const path = '/devices/other/properties/reported';
    expect((await report({ a: 1 }, deviceToken(primaryKey, 'other'), path)).status).toBe(401);
    expect((await report({ a: 1 }, deviceToken(OWNER_KEY, 'other'), path)).status).toBe(204);
    expect((await report({ a: 2 }, deviceToken(secondaryKey, 'other'), path)).status).toBe(204);
  });
});

describe('bad reports', () => {
  it.each([
    ['an array', [1], 400, 'ArgumentInvalid'],
    ['no body', undefined, 400, 'ArgumentInvalid'],
    ['a text that is no JSON', '{"a":', 400, 'IotHubFormatError'],
    ['a key with a dot', { 'a.b': 1 }, 400, 'ArgumentInvalid'],
    ['a key that every object has', '{"__proto__":{"a":1}}', 400, 'IotHubFormatError'],
    [
      'more than 32 KB',
      Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'x'.repeat(4000)])),
      413,
      'MessageTooLarge',
    ],
    ['a tower of brackets', '['.repeat(100_000), 400, 'ArgumentInvalid'],
    ['more than any request may hold', JSON.stringify({ a: 'x'.repeat(2_100_000) }), 413, 'MessageTooLarge'],
  ])('%s: refused, nothing changed', async (_what, body, status, code) => {
    const before = await ownTwin();
    const answer = await report(body);
    expect([answer.status, errorCodeOf(answer)]).toEqual([status, code]);
    expect(await ownTwin()).toEqual(before);
  });
});
