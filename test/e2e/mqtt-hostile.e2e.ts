import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { registerOverMqtt } from '@test/support/mqtt-devices';
import { connectPacket, packet, publishPacket, subscribePacket } from '@test/support/mqtt-packets';
import { RawMqtt } from '@test/support/raw-mqtt';
import { RunningService, startService } from '@test/support/running-service';

const RESPONSES = '$dps/registrations/res/#';
const register = (requestId: string): string => `$dps/registrations/PUT/iotdps-register/?$rid=${requestId}`;
const poll = (requestId: string, operationId: string): string =>
  `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operationId}`;

let service: RunningService;
let calls: DeviceCalls;
let device: Enrolled;
let other: Enrolled;
const open: RawMqtt[] = [];

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
  device = await calls.enroll({}, 'target');
  other = await calls.enroll({}, 'other');
});
afterEach(() => {
  for (const client of open.splice(0)) client.close();
});
afterAll(() => service.close());

async function reach(servername?: string): Promise<RawMqtt> {
  const client = await RawMqtt.open(service, servername);
  open.push(client);
  return client;
}

function fieldsOf(who: Enrolled, overrides: { registrationId?: string; version?: string; password?: string } = {}) {
  const { registrationId = who.registrationId, version = '2019-03-31', password = calls.tokenFor(who) } = overrides;
  const userName = `${service.facts.idScope}/registrations/${registrationId}/api-version=${version}&ClientVersion=raw`;
  return { clientId: registrationId, userName, password };
}

/** Let in, and subscribed to its answers. */
async function enter(who: Enrolled): Promise<RawMqtt> {
  const client = await reach();
  expect(await client.connect(fieldsOf(who))).toBe(0);
  client.send(subscribePacket([[RESPONSES, 2]]));
  expect((await client.next(9))?.body.toString('hex')).toBe('000501');
  return client;
}

async function answer(client: RawMqtt): Promise<{ topic: string; body: Record<string, unknown>; text: string }> {
  const { topic, payload } = await client.message();
  return { topic, text: payload, body: JSON.parse(payload) as Record<string, unknown> };
}

/** What the service has logged about refused connections since a point in its output. */
async function refusedSince(start: number, reason: string): Promise<string> {
  const find = (): string | undefined =>
    service.process
      .output()
      .slice(start)
      .split('\n')
      .find((line) => line.includes('connection refused') && line.includes(`"reason":"${reason}"`));
  for (let round = 0; round < 200 && find() === undefined; round++) await new Promise((resolve) => setTimeout(resolve, 10));
  return find() ?? '';
}

async function expectOthersServed(): Promise<void> {
  const result = await registerOverMqtt(service, { transport: 'Mqtt', ...other });
  expect(result.status).toBe('assigned');
}

describe('by the book', () => {
  it('registers and polls with answers as JSON in ASCII, the request id first', async () => {
    const client = await enter(device);
    const body = { registrationId: 'target', payload: { name: 'Größe 😀' } };
    client.send(publishPacket({ topic: register('r-1'), payload: JSON.stringify(body) }));
    const first = await answer(client);
    expect(first.topic).toMatch(/^\$dps\/registrations\/res\/202\/\?\$rid=r-1(&retry-after=0)?$/);
    const polling = await enter(device);
    polling.send(publishPacket({ topic: poll('r-2', String(first.body.operationId)), payload: ' ' }));
    const second = await answer(polling);
    expect(second.topic).toMatch(/^\$dps\/registrations\/res\/20[02]\/\?\$rid=r-2/);
    expect(second.body).toMatchObject({ operationId: first.body.operationId, registrationState: { registrationId: 'target' } });
  });

  it.each([
    ['not JSON', '{', 400004],
    ['not an object', '[]', 400004],
    ['another registration id', '{"registrationId":"other"}', 400004],
    ['a poisonous key', '{"__proto__":{"a":1}}', 400004],
    ['bytes that are not text', Buffer.from([0xff, 0xfe]), 400004],
  ])('a body that is %s is answered with the documented error', async (_what, payload, errorCode) => {
    const client = await enter(device);
    client.send(publishPacket({ topic: register('é1'), payload }));
    const { topic, body, text } = await answer(client);
    expect(topic).toBe('$dps/registrations/res/400/?$rid=é1');
    expect(body).toMatchObject({ errorCode, trackingId: expect.any(String) as unknown });
    expect(text).toMatch(/^[\0-\x7f]*$/);
    expect(client.ended).toBe(false);
  });

  it('an operation that is not the device’s own is not found', async () => {
    const { operationId } = await calls.register(other);
    const client = await enter(device);
    client.send(publishPacket({ topic: poll('1', operationId), payload: '' }));
    expect((await answer(client)).topic).toBe('$dps/registrations/res/404/?$rid=1');
  });

  it('takes a message of 96 KB, and no answer goes to anybody else', async () => {
    const [asking, listening] = [await enter(device), await enter(other)];
    const payload = JSON.stringify({ registrationId: 'target', payload: { text: 'x'.repeat(95_000) } });
    asking.send(publishPacket({ topic: register('large'), payload }));
    expect((await answer(asking)).topic).toContain('/res/202/?$rid=large');
    expect(listening.messages).toEqual([]);
  });
});

describe('at CONNECT', () => {
  const refused: readonly (readonly [string, number, string, () => ReturnType<typeof fieldsOf>])[] = [
    ['a token of another device', 5, 'credentials', () => fieldsOf(device, { password: calls.tokenFor(other) })],
    ['an expired token', 5, 'credentials', () => fieldsOf(device, { password: calls.tokenFor(device, -3600) })],
    ['no enrollment', 5, 'credentials', () => fieldsOf(device, { registrationId: 'nobody' })],
    ['an unknown api-version', 5, 'credentials', () => fieldsOf(device, { version: '1999-01-01' })],
    ['no password', 5, 'credentials', () => fieldsOf(device, { password: '' })],
    ['another client id', 2, 'client-id', () => ({ ...fieldsOf(device), clientId: 'other' })],
    ['another form of user name', 4, 'user-name', () => ({ ...fieldsOf(device), userName: 'target' })],
  ];

  it.each(refused)('%s is refused with CONNACK %d, and the log says %s', async (_what, code, reason, fields) => {
    const start = service.process.output().length;
    const client = await reach();
    expect(await client.connect(fields())).toBe(code);
    await client.closed();
    const line = await refusedSince(start, reason);
    expect(line).toContain('"protocol":"mqtt"');
    expect(line).not.toContain('sig=');
  });

  it('a hub’s name in the TLS handshake reaches the hub, which knows none of this', async () => {
    const client = await reach(service.hubs[0]);
    expect(await client.connect(fieldsOf(device))).not.toBe(0);
    await client.closed();
  });
});

describe('hostile bytes', () => {
  const hostile: readonly (readonly [string, string, readonly Buffer[]])[] = [
    ['another topic', 'topic', [publishPacket({ topic: 'devices/target/messages/events/' })]],
    ['the topic of answers', 'topic', [publishPacket({ topic: '$dps/registrations/res/200/?$rid=1' })]],
    ['a request without an id', 'topic', [publishPacket({ topic: '$dps/registrations/PUT/iotdps-register/' })]],
    ['QoS 2', 'qos-2', [publishPacket({ topic: register('1'), qos: 2 })]],
    ['a retained message', 'retain', [publishPacket({ topic: register('1'), retain: true })]],
    ['a packet announced as 200 MB', 'packet-too-large', [packet(0x32, Buffer.alloc(10), 200_000_000)]],
    ['a message beyond 128 KB', 'packet-too-large', [publishPacket({ topic: register('1'), payload: Buffer.alloc(131_072) })]],
    ['a flood of pings', 'flood', Array.from({ length: 300 }, () => packet(0xc0, Buffer.alloc(0)))],
    ['a flood of requests', 'too-many-pending', Array.from({ length: 20 }, () => publishPacket({ topic: poll('1', 'x') }))],
    ['a reserved packet', 'malformed', [packet(0xf0, Buffer.alloc(0))]],
    ['a subscription cut short', 'malformed', [packet(0x82, Buffer.from('0005000961', 'hex'))]],
  ];

  it.each(hostile)('%s ends the connection: %s; others are served', async (_what, reason, packets) => {
    const start = service.process.output().length;
    const client = await enter(device);
    client.send(...packets);
    await client.closed();
    expect(await refusedSince(start, reason)).toContain('"remoteAddress":"127.0.0.1"');
    await expectOthersServed();
  });

  it.each([
    ['nothing but noise', Buffer.alloc(300, 0x5a)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.padEnd(200, '\n'))],
    ['a ping', packet(0xc0, Buffer.alloc(0))],
    ['a CONNECT of 60 KB', connectPacket({ clientId: 'a', userName: 'u'.repeat(60_000) })],
  ])('%s instead of CONNECT', async (_what, bytes) => {
    const client = await reach();
    client.send(bytes);
    await client.closed();
    expect(client.packets).toEqual([]);
    await expectOthersServed();
  });

  it('clear text and half a handshake on the TLS port', async () => {
    const start = service.process.output().length;
    const socket = connectTcp(service.facts.mqttPort, '127.0.0.1', () => socket.write(connectPacket({ clientId: 'clear' })));
    socket.on('error', () => socket.destroy());
    await once(socket, 'close');
    expect(await refusedSince(start, 'handshake')).toContain('"protocol":"mqtt"');
    const half = connectTcp(service.facts.mqttPort, '127.0.0.1', () => half.write(Buffer.from('16030100c8', 'hex')));
    half.on('error', () => half.destroy());
    await expectOthersServed();
    half.destroy();
  });

  it('many connections that say nothing do not keep others out', async () => {
    const { facts, endpoint } = service;
    const options = { port: facts.mqttPort, host: '127.0.0.1', servername: 'localhost', ca: endpoint.ca };
    const silent = Array.from({ length: 200 }, () => connect(options).on('error', () => undefined));
    await Promise.all(silent.map((socket) => once(socket, 'secureConnect')));
    await expectOthersServed();
    for (const socket of silent) socket.destroy();
  });

  it.each([
    ['a WebSocket message of text', (socket: WebSocket) => socket.send('CONNECT '.repeat(40))],
    ['a WebSocket message beyond the limit', (socket: WebSocket) => socket.send(Buffer.alloc(1_000_000))],
  ])('%s', async (_what, act) => {
    const socket = new WebSocket(`wss://127.0.0.1:${service.facts.port}/$iothub/websocket`, ['mqtt'], {
      headers: { host: 'localhost' },
      rejectUnauthorized: false,
    });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    act(socket);
    await once(socket, 'close');
    const { registrationId, key } = other;
    expect((await registerOverMqtt(service, { transport: 'MqttWs', registrationId, key })).status).toBe('assigned');
  });
});

describe('one registration id, two connections', () => {
  it('the second displaces the first', async () => {
    const first = await enter(device);
    await enter(device);
    await first.closed();
  });
});

describe('what operators see', () => {
  it('counts what came in and what was refused, by reason', async () => {
    await expectOthersServed();
    await reach().then((client) => client.send(packet(0xc0, Buffer.alloc(0))).closed());
    const answered = await service.manage('GET', '/connections');
    expect(answered.status).toBe(200);
    const { items } = answered.json() as { items: { name: string; value: number }[] };
    const counters = Object.fromEntries(items.map(({ name, value }) => [name, value]));
    for (const name of ['mqtt.accepted', 'mqtt.messages', 'mqtt.answers.202', 'mqtt.refused.not-connect-first']) {
      expect([name, counters[name]]).toEqual([name, expect.any(Number)]);
      expect(counters[name]).toBeGreaterThan(0);
    }
    expect((await service.manage('GET', '/connections', undefined, { authorization: 'Bearer of-nothing' })).status).toBe(401);
  });
});
