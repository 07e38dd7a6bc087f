import { once } from 'node:events';
import { AddressInfo, Server, Socket, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectPacket, packet, publishPacket, subscribePacket } from '@test/support/mqtt-packets';
import { RawMqtt } from '@test/support/raw-mqtt';
import type { EdgeMetrics } from '../device-service';
import { MqttApplication, MqttConnection, MqttMessage, connackCodes } from './mqtt-application';
import { MqttServer, MqttServerLimits } from './mqtt-server';

const ANSWERS = 'answers/#';
const pingPacket = packet(0xc0, Buffer.alloc(0));

/** Lets in who knows the word, and answers `ask/…` with what it was asked; `hold` keeps it from answering. */
class Oracle implements MqttApplication<string> {
  readonly happened: string[] = [];
  hold: Promise<void> = Promise.resolve();

  connect: MqttApplication<string>['connect'] = ({ clientId, password }) =>
    Promise.resolve(
      password === 'word'
        ? { session: `session of ${clientId}` }
        : { code: connackCodes.notAuthorized, reason: 'credentials', detail: 'not the word' },
    );
  maySubscribe = (_session: string, filter: string): boolean => filter === ANSWERS;
  mayPublish = (_session: string, topic: string): boolean => topic.startsWith('ask/');

  async received(connection: MqttConnection<string>, { topic, payload }: MqttMessage): Promise<void> {
    await this.hold;
    const sent = connection.send(ANSWERS, topic.replace('ask', 'answers'), `${connection.session}: ${payload.toString()}`);
    if (!sent) this.happened.push(`${connection.clientId} not told`);
  }

  opened = ({ clientId }: MqttConnection<string>): void => void this.happened.push(`${clientId} opened`);
  closed = ({ clientId }: MqttConnection<string>): void => void this.happened.push(`${clientId} closed`);
}

let oracle: Oracle;
let refusals: { reason: string; detail?: string }[];
let counters: Map<string, number>;
let listener: Server | undefined;
let server: MqttServer<string>;
const clients: RawMqtt[] = [];

beforeEach(() => {
  oracle = new Oracle();
  refusals = [];
  counters = new Map();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
  listener?.close();
});

async function serve(limits: Partial<MqttServerLimits> = {}): Promise<void> {
  const metrics: EdgeMetrics = {
    count: (name, by = 1) => counters.set(name, (counters.get(name) ?? 0) + by),
    refused: (refusal) => refusals.push(refusal),
  };
  server = await MqttServer.start({ application: oracle, metrics, limits });
  listener = createServer((socket: Socket) =>
    server.handle({ stream: socket, socket, hostName: '', remoteAddress: socket.remoteAddress ?? '' }),
  ).listen(0, '127.0.0.1');
  await once(listener, 'listening');
}

async function open(): Promise<RawMqtt> {
  const socket = connect((listener?.address() as AddressInfo).port, '127.0.0.1');
  const client = new RawMqtt(socket);
  clients.push(client);
  await once(socket, 'connect');
  return client;
}

async function enter(clientId = 'device'): Promise<RawMqtt> {
  const client = await open();
  expect(await client.connect({ clientId, userName: 'u', password: 'word' })).toBe(0);
  return client;
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !condition(); round++) await sleep(10);
  expect(condition()).toBe(true);
}

const reasons = (): string[] => refusals.map(({ reason }) => reason);

describe('a device that is let in', () => {
  it('is acknowledged first and answered on its own connection, with the QoS it was granted', async () => {
    await serve();
    const [asking, other] = [await enter('asking'), await enter('other')];
    for (const client of [asking, other]) client.send(subscribePacket([[ANSWERS, 2]]));
    expect((await asking.next(9))?.body.toString('hex')).toBe('000501');
    await other.next(9);
    asking.send(publishPacket({ topic: 'ask/1', payload: 'why' }));
    expect(await asking.message()).toEqual({ topic: 'answers/1', payload: 'session of asking: why', qos: 1 });
    expect(asking.packets.map(({ type }) => type)).toEqual([2, 9, 4, 3]);
    expect(other.messages).toEqual([]);
  });

  it('is told with QoS 0 when it asked for that, and nothing before it subscribes or after it unsubscribes', async () => {
    await serve();
    const client = await enter();
    client.send(publishPacket({ topic: 'ask/1' }));
    await client.next(4);
    client.send(subscribePacket([[ANSWERS, 0]]), publishPacket({ topic: 'ask/2', qos: 0 }));
    expect(await client.message()).toMatchObject({ topic: 'answers/2', qos: 0 });
    const unsubscribe = packet(0xa2, Buffer.concat([Buffer.from([0, 9, 0, ANSWERS.length]), Buffer.from(ANSWERS)]));
    client.send(unsubscribe);
    await client.next(11);
    client.send(publishPacket({ topic: 'ask/3' }));
    await eventually(() => oracle.happened.length === 3);
    expect(client.messages).toHaveLength(1);
    expect(oracle.happened).toEqual(['device opened', 'device not told', 'device not told']);
  });

  it('is refused other subscriptions, and may go on', async () => {
    await serve();
    const client = await enter();
    client.send(
      subscribePacket([
        ['#', 1],
        [ANSWERS, 1],
        ['$SYS/#', 0],
      ]),
    );
    expect((await client.next(9))?.body.toString('hex')).toBe('0005800180');
    client.send(publishPacket({ topic: 'ask/1', payload: 'still' }));
    expect((await client.message()).payload).toContain('still');
  });

  it('displaces the one that was there under its name, once it has shown who it is', async () => {
    await serve();
    const first = await enter('same');
    const stranger = await open();
    expect(await stranger.connect({ clientId: 'same', userName: 'u', password: 'guess' })).toBe(5);
    expect(first.ended).toBe(false);
    await enter('same');
    await first.closed();
    expect(oracle.happened).toEqual(['same opened', 'same closed', 'same opened']);
  });

  it('has no session to come back to, and no last will', async () => {
    await serve();
    const client = await open();
    const fields = {
      clientId: 'a',
      userName: 'u',
      password: 'word',
      persistent: true,
      will: { topic: 'ask/will', message: 'x' },
    };
    client.send(connectPacket(fields));
    expect((await client.next(2))?.body.toString('hex')).toBe('0000');
    client.send(subscribePacket([[ANSWERS, 1]]));
    await client.next(9);
    client.close();
    const again = await open();
    again.send(connectPacket(fields));
    expect((await again.next(2))?.body.toString('hex')).toBe('0000');
    again.send(publishPacket({ topic: 'ask/1' }));
    await eventually(() => oracle.happened.includes('a not told'));
    expect(again.messages).toEqual([]);
    expect(counters.get('mqtt.messages')).toBe(1);
  });
});

describe('what ends a connection, with its reason', () => {
  const hostile: readonly (readonly [string, string, readonly Buffer[]])[] = [
    ['a message with QoS 2', 'qos-2', [publishPacket({ topic: 'ask/1', qos: 2 })]],
    ['a retained message', 'retain', [publishPacket({ topic: 'ask/1', retain: true })]],
    ['a message to another topic', 'topic', [publishPacket({ topic: 'answers/1' })]],
    ['a message to a topic of the broker', 'topic', [publishPacket({ topic: '$SYS/x' })]],
    ['a topic of a hundred levels', 'malformed', [publishPacket({ topic: `ask${'/a'.repeat(200)}` })]],
    ['a second CONNECT', 'malformed', [connectPacket({ clientId: 'device', userName: 'u', password: 'word' })]],
    ['a packet that says it is huge', 'packet-too-large', [packet(0x32, Buffer.alloc(10), 200_000)]],
    ['a reserved packet type', 'malformed', [packet(0xf0, Buffer.alloc(0))]],
    ['flags that are not allowed', 'malformed', [packet(0x80, Buffer.from('000500016100', 'hex'))]],
    ['a subscription cut short', 'malformed', [packet(0x82, Buffer.from('0005000961', 'hex'))]],
    ['a flood', 'flood', Array.from({ length: 60 }, () => pingPacket)],
  ];

  it.each(hostile)('%s: %s', async (_what, reason, packets) => {
    await serve({ packetsPerSecondMax: 50 });
    const client = await enter();
    client.send(...packets);
    await client.closed();
    expect(reasons()).toEqual([reason]);
    await enter('others are served');
  });

  it('messages without an answer beyond the limit', async () => {
    await serve({ messagesPendingMax: 3 });
    let answer: () => void = () => undefined;
    oracle.hold = new Promise((resolve) => (answer = resolve));
    const client = await enter();
    client.send(...Array.from({ length: 4 }, (_, messageId) => publishPacket({ topic: 'ask/1', messageId: messageId + 1 })));
    await client.closed();
    expect(reasons()).toEqual(['too-many-pending']);
    answer();
  });

  it('silence before CONNECT, half a CONNECT, and silence after it', async () => {
    await serve({ connectTimeoutMs: 60, idleTimeoutMs: 60 });
    const [silent, half, idle] = [await open(), await open(), await enter()];
    half.send(connectPacket({ clientId: 'half' }).subarray(0, 9));
    await Promise.all([silent.closed(), half.closed(), idle.closed()]);
    expect(reasons().sort()).toEqual(['connect-timeout', 'connect-timeout', 'idle']);
  });

  it('a keep-alive that is not kept', async () => {
    await serve();
    const client = await open();
    expect(await client.connect({ clientId: 'a', userName: 'u', password: 'word', keepAliveS: 1 })).toBe(0);
    await client.closed();
    expect(reasons()).toEqual(['idle']);
  });

  it.each([
    ['something else', 'not-connect-first', pingPacket],
    ['HTTP', 'malformed', Buffer.from('GET / HTTP/1.1\r\n\r\n'.padEnd(100, 'x'))],
    ['a CONNECT that is large', 'packet-too-large', connectPacket({ clientId: 'a', userName: 'u'.repeat(20_000) })],
    ['a CONNECT of another protocol', 'malformed', packet(0x10, Buffer.from('\0\x04HTTP\x04\x02\0\0\0\0', 'latin1'))],
    ['a CONNECT of MQTT 5', 'malformed', connectPacket({ clientId: 'a', protocolLevel: 5 })],
  ])('%s instead of CONNECT: %s', async (_what, reason, bytes) => {
    await serve();
    const client = await open();
    client.send(bytes);
    await client.closed();
    expect(reasons()).toEqual([reason]);
  });

  it('a wrong credential, with CONNACK 5', async () => {
    await serve();
    const client = await open();
    expect(await client.connect({ clientId: 'a', userName: 'u', password: 'guess' })).toBe(5);
    await client.closed();
    expect(refusals).toEqual([{ protocol: 'mqtt', reason: 'credentials', remoteAddress: '127.0.0.1', detail: 'not the word' }]);
    expect(oracle.happened).toEqual([]);
  });

  it('one connection more than there may be', async () => {
    await serve({ connectionsMax: 1 });
    const first = await enter();
    const second = await open();
    await second.closed();
    expect(reasons()).toEqual(['too-many-connections']);
    first.close();
    await first.closed();
    await sleep(10);
    await enter('room again');
  });

  it('nothing, when the device goes by itself', async () => {
    await serve();
    const [polite, rude] = [await enter('polite'), await enter('rude')];
    polite.send(packet(0xe0, Buffer.alloc(0)));
    (rude.stream as Socket).resetAndDestroy();
    await Promise.all([polite.closed(), rude.closed()]);
    await sleep(20);
    expect(reasons()).toEqual([]);
    expect(counters.get('mqtt.connections')).toBe(0);
    expect(oracle.happened.sort()).toEqual(['polite closed', 'polite opened', 'rude closed', 'rude opened']);
  });
});

describe('closing', () => {
  it('answers what is in progress, then ends every connection, and takes no more', async () => {
    await serve();
    const client = await enter();
    client.send(subscribePacket([[ANSWERS, 1]]));
    await client.next(9);
    oracle.hold = sleep(50);
    client.send(publishPacket({ topic: 'ask/1', payload: 'last' }));
    await client.next(4);
    await server.close();
    await client.closed();
    expect(client.messages.map(({ payload }) => payload)).toEqual(['session of device: last']);
    const late = await open();
    await late.closed();
  });
});
