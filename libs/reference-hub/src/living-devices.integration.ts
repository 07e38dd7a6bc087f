import { InMemoryEventStore } from '@app/event-sourcing';
import { desiredSeen, HubDevice } from '@test/support/hub-device';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { until } from '@test/support/until';
import { HUB_A, HubServer, startHubServer } from './testing/hub-server';
import { MqttRefusal } from './mqtt/mqtt-connection';

const key = Buffer.alloc(32, 3).toString('base64');
const refusals: MqttRefusal[] = [];
const reasons = (): string[] => refusals.map(({ reason, detail = '' }) => `${reason} ${detail}`.trim());

let store: InMemoryEventStore;
let server: HubServer;
let restoreNames: () => void;
const open: HubDevice[] = [];

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  store = new InMemoryEventStore();
  server = await startHubServer(store, { onRefused: (refusal) => refusals.push(refusal) });
});
afterAll(async () => {
  await server.close();
  await store.close();
  restoreNames();
});
beforeEach(async () => {
  refusals.length = 0;
  const authentication = { symmetricKey: { primaryKey: key, secondaryKey: key } };
  expect((await server.send('PUT', '/devices/dev', { body: { deviceId: 'dev', authentication } })).status).toBe(200);
});
afterEach(async () => {
  for (const device of open.splice(0)) await device.close().catch(() => undefined);
  await server.send('DELETE', '/devices/dev', { headers: { 'if-match': '*' } });
});

async function connect(transport: 'Mqtt' | 'MqttWs' = 'Mqtt', deviceKey = key): Promise<HubDevice> {
  const device = await HubDevice.connect({ doors: server.doors, hub: HUB_A, deviceId: 'dev', key: deviceKey, transport });
  open.push(device);
  return device;
}
const serviceTwin = async (): Promise<Record<string, unknown>> =>
  (await server.send('GET', '/twins/dev')).json() as Record<string, unknown>;
const patchDesired = (desired: object): Promise<unknown> =>
  server.send('PATCH', '/twins/dev', { body: { properties: { desired } } });
const setStatus = (status: string): Promise<unknown> =>
  server.send('PUT', '/devices/dev', { body: { deviceId: 'dev', status }, headers: { 'if-match': '*' } });

describe.each(['Mqtt', 'MqttWs'] as const)('a device on %s', (transport) => {
  it('reads and writes its twin, and is told of desired properties', async () => {
    await patchDesired({ interval: 5, nested: { a: 1, b: 2 } });
    const device = await connect(transport);
    const twin = await device.twin();
    expect(twin.properties.desired).toMatchObject({ interval: 5, $version: 2 });
    await device.report(twin, { firmware: 'ä1' });
    expect((await serviceTwin()).properties).toMatchObject({ reported: { firmware: 'ä1', $version: 2 } });
    const seen = desiredSeen(twin);
    // Nobody knows when the SDK has subscribed, so the hub is asked until it has told the device something.
    await until('it has seen two changes of its twin', async () => {
      await patchDesired({ interval: 10 + seen.length, nested: { a: null }, tick: Math.random() });
      return seen.length >= 2;
    });
    await server.send('PUT', '/twins/dev', { body: { properties: { desired: { nested: { b: 3 } } } } });
    await until('the property is gone', () => !Object.hasOwn(twin.properties.desired as object, 'interval'));
    expect(seen[0]).toMatchObject({ interval: 5 });
    expect(twin.properties.desired).toMatchObject({ nested: { b: 3 } });
  });

  it('answers methods', async () => {
    const device = await connect(transport);
    device.onMethod('reboot', (payload) => ({ status: 202, payload: { heard: payload } }));
    const body = { methodName: 'reboot', payload: { soon: true }, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 5 };
    const answer = await server.send('POST', '/twins/dev/methods', { body });
    expect([answer.status, answer.json()]).toEqual([200, { status: 202, payload: { heard: { soon: true } } }]);
  });

  it('sends telemetry, which is counted', async () => {
    const device = await connect(transport);
    for (const text of ['one', 'two']) await device.send(text, { kind: text });
    const answer = await server.send('GET', '/rehome/devices/dev/telemetry');
    expect(answer.json()).toMatchObject({
      messageCount: 2,
      lastMessage: { payload: Buffer.from('two').toString('base64'), payloadBytes: 3, properties: 'kind=two' },
    });
  });

  it('shows as connected while it is', async () => {
    expect(await serviceTwin()).toMatchObject({ connectionState: 'Disconnected', lastActivityTime: '0001-01-01T00:00:00' });
    const device = await connect(transport);
    expect(await serviceTwin()).toMatchObject({ connectionState: 'Connected' });
    await device.close();
    await until('it shows as disconnected', async () => (await serviceTwin()).connectionState === 'Disconnected');
    expect((await serviceTwin()).lastActivityTime).not.toBe('0001-01-01T00:00:00');
  });
});

describe('a device that may not be connected', () => {
  it.each([
    ['is disabled', () => setStatus('disabled'), 'the device is disabled'],
    ['is deleted', () => server.send('DELETE', '/devices/dev', { headers: { 'if-match': '*' } }), 'the device was deleted'],
  ])('%s: dropped at once, and refused when it comes back', async (_what, fence, reason) => {
    const device = await connect();
    await fence();
    await device.disconnected;
    expect(reasons().join()).toContain(reason);
    await expect(connect()).rejects.toThrow(/Not authorized/);
  });

  it('gets new keys: dropped, the new key is good', async () => {
    const device = await connect();
    const other = Buffer.alloc(32, 9).toString('base64');
    const body = { deviceId: 'dev', authentication: { symmetricKey: { primaryKey: other, secondaryKey: other } } };
    await server.send('PUT', '/devices/dev', { body, headers: { 'if-match': '*' } });
    await device.disconnected;
    await expect(connect()).rejects.toThrow(/Not authorized/);
    await connect('Mqtt', other);
  });

  it('is displaced by its own second connection', async () => {
    const first = await connect();
    const second = await connect();
    await first.disconnected;
    expect(reasons()).toContain('sent-away device dev: displaced');
    expect((await second.twin()).properties.desired).toBeDefined();
    expect(await serviceTwin()).toMatchObject({ connectionState: 'Connected' });
  });

  it('shows a wrong key', async () => {
    await expect(connect('Mqtt', Buffer.alloc(32, 8).toString('base64'))).rejects.toThrow(/Not authorized/);
  });
});

describe('methods', () => {
  it('of a device that is not there: not online', async () => {
    const body = { methodName: 'reboot', connectTimeoutInSeconds: 0 };
    const answer = await server.send('POST', '/twins/dev/methods', { body });
    expect([answer.status, answer.text]).toEqual([404, expect.stringContaining('ErrorCode:DeviceNotOnline;')]);
  });

  it('end with an error when the device leaves, or does not answer in time', async () => {
    const device = await connect();
    device.client.onDeviceMethod('slow', () => undefined);
    const call = (responseTimeoutInSeconds: number): ReturnType<HubServer['send']> =>
      server.send('POST', '/twins/dev/methods', {
        body: { methodName: 'slow', responseTimeoutInSeconds, connectTimeoutInSeconds: 5 },
      });
    expect((await call(1)).status).toBe(504);
    const left = call(30);
    await setStatus('disabled');
    expect((await left).status).toBe(404);
  });
});
