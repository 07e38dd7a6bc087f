import { once } from 'node:events';
import { connect as tlsConnect } from 'node:tls';
import { InMemoryEventStore } from '@app/event-sourcing';
import { issue, TestCertificate } from '@test/support/certificates';
import { sasToken } from '@test/support/clients';
import { HubDevice } from '@test/support/hub-device';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { packet, publishPacket, subscribePacket } from '@test/support/mqtt-packets';
import { RawMqtt } from '@test/support/raw-mqtt';
import { MqttRefusal } from './mqtt/mqtt-connection';
import { HUB_A, HUB_B, HubServer, OWNER_KEY, startHubServer } from './testing/hub-server';

const key = Buffer.alloc(32, 3).toString('base64');
const refusals: MqttRefusal[] = [];
let store: InMemoryEventStore;
let server: HubServer;
let restoreNames: () => void;
const open: RawMqtt[] = [];

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  store = new InMemoryEventStore();
  server = await startHubServer(store, { onRefused: (refusal) => refusals.push(refusal) });
  const authentication = { symmetricKey: { primaryKey: key, secondaryKey: key } };
  for (const deviceId of ['dev', 'other'])
    await server.send('PUT', `/devices/${deviceId}`, { body: { deviceId, authentication } });
});
afterEach(() => {
  for (const raw of open.splice(0)) raw.close();
  refusals.length = 0;
});
afterAll(async () => {
  await server.close();
  await store.close();
  restoreNames();
});

async function raw(): Promise<RawMqtt> {
  const { mqttPort, ca } = server.doors;
  const socket = tlsConnect({ port: mqttPort, host: '127.0.0.1', servername: HUB_A, ca });
  const client = new RawMqtt(socket);
  open.push(client);
  await once(socket, 'secureConnect');
  return client;
}
const userName = `${HUB_A}/dev/?api-version=2021-04-12`;
const password = sasToken(`${HUB_A}/devices/dev`, key);
async function connected(): Promise<RawMqtt> {
  const client = await raw();
  expect(await client.connect({ clientId: 'dev', userName, password, persistent: true })).toBe(0);
  return client;
}

describe('a CONNECT gets return code 5', () => {
  it.each([
    ['without credentials', { password: undefined }],
    ['with the token of another device', { password: sasToken(`${HUB_A}/devices/other`, key) }],
    ['with a token for another hub', { password: sasToken(`${HUB_B}/devices/dev`, key) }],
    ['with an expired token', { password: sasToken(`${HUB_A}/devices/dev`, key, undefined, -3600) }],
    ['by a policy without DeviceConnect', { password: sasToken(HUB_A, OWNER_KEY, 'service') }],
    ['as another client id', { clientId: 'other' }],
    ['at another hub by its user name', { userName: `${HUB_B}/dev/?api-version=2021-04-12` }],
    ['as a module', { userName: `${HUB_A}/dev/mod/?api-version=2021-04-12` }],
    ['without api-version', { userName: `${HUB_A}/dev/` }],
    ['as a device that is not there', { clientId: 'x', userName: `${HUB_A}/x/?api-version=2021-04-12` }],
  ])('%s', async (_what, changed: object) => {
    const client = await raw();
    expect(await client.connect({ clientId: 'dev', userName, password, ...changed })).toBe(5);
    await client.closed();
    expect(refusals.map(({ reason }) => reason)).toEqual(['unauthorized']);
  });
});

describe('a connected device is cut', () => {
  it.each([
    ['QoS 2', publishPacket({ topic: 'devices/dev/messages/events/', qos: 2 })],
    ['a retained message', publishPacket({ topic: 'devices/dev/messages/events/', retain: true })],
    ["another device's topic", publishPacket({ topic: 'devices/other/messages/events/' })],
    ["the hub's own topic", publishPacket({ topic: '$iothub/twin/res/200/?$rid=1' })],
    ['a packet too large', packet(0x30, Buffer.alloc(16), 200_000)],
    ['a length without end', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['a flood', Buffer.concat(Array.from({ length: 600 }, () => packet(0xc0, Buffer.alloc(0))))],
    ['no MQTT', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('that sends %s; others are served', async (_what, bytes) => {
    const bystander = await HubDevice.connect({ doors: server.doors, hub: HUB_A, deviceId: 'other', key });
    const client = await connected();
    client.send(bytes);
    await client.closed();
    expect(refusals.length).toBeGreaterThan(0);
    expect((await bystander.twin()).properties.desired).toBeDefined();
    await bystander.close();
  });
});

it('refuses cloud-to-device messages and foreign filters in the SUBACK, and grants its own', async () => {
  const client = await connected();
  const filters = ['devices/dev/messages/devicebound/#', '#', '$iothub/twin/res/#', '$iothub/methods/POST/#'];
  client.send(subscribePacket(filters.map((filter) => [filter, 0] as const)));
  const suback = await client.next(9);
  expect([...(suback?.body.subarray(2) ?? [])]).toEqual([128, 128, 0, 0]);
  expect(refusals.map(({ reason }) => reason)).toEqual(['cloud-to-device', 'subscription']);
});

it('answers a report that breaks the rules with an error, and goes on', async () => {
  const client = await connected();
  client.send(subscribePacket([['$iothub/twin/res/#', 0]]));
  await client.next(9);
  client.send(publishPacket({ topic: '$iothub/twin/PATCH/properties/reported/?$rid=1', payload: '{"a.b":1}', qos: 0 }));
  const message = await client.message();
  expect(message.topic).toBe('$iothub/twin/res/400/?$rid=1');
  expect(JSON.parse(message.payload)).toMatchObject({ errorCode: 400004 });
  expect(client.ended).toBe(false);
});

describe('a device with a certificate', () => {
  const live = (certificate: TestCertificate): Promise<HubDevice> =>
    HubDevice.connect({
      doors: server.doors,
      hub: HUB_A,
      deviceId: 'certified',
      x509: { cert: certificate.pem, key: certificate.keyPem },
    });

  it.each(['fingerprint', 'fingerprint256'] as const)('is known by its %s, and by no other certificate', async (print) => {
    const [own, foreign] = [await issue({ name: 'certified' }), await issue({ name: 'certified' })];
    const thumbprint = own.x509[print].replaceAll(':', '');
    const x509Thumbprint = { primaryThumbprint: '0'.repeat(40), secondaryThumbprint: thumbprint };
    const body = { deviceId: 'certified', authentication: { type: 'selfSigned', x509Thumbprint } };
    expect((await server.send('PUT', '/devices/certified', { body })).status).toBe(200);
    const device = await live(own);
    expect((await device.twin()).properties.desired).toBeDefined();
    await expect(live(foreign)).rejects.toThrow(/Not authorized/);
    await device.close();
    await server.send('DELETE', '/devices/certified', { headers: { 'if-match': '*' } });
  });
});
