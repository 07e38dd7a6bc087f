import { Duplex, duplexPair } from 'node:stream';
import { Packet, generate, parser } from 'mqtt-packet';
import { MqttClient, MqttMessage } from './mqtt-client';

const credentials = { clientId: 'pump', userName: 'scope/pump', password: 'word' };

/** The other side of a connection, that says what it is told to. */
class Peer {
  readonly near: Duplex;
  readonly far: Duplex;
  readonly received: Packet[] = [];

  constructor(answer: (packet: Packet) => readonly Packet[]) {
    [this.near, this.far] = duplexPair({ allowHalfOpen: false });
    const packets = parser();
    packets.on('packet', (packet) => {
      this.received.push(packet);
      for (const each of answer(packet)) this.far.write(generate(each));
    });
    this.far.on('data', (bytes: Buffer) => packets.parse(bytes));
  }

  connect(onMessage: (message: MqttMessage) => void = () => undefined): Promise<MqttClient> {
    return MqttClient.over(this.near, 'hub', credentials, onMessage);
  }
}

const connack = (returnCode: number): Packet => ({ cmd: 'connack', returnCode, sessionPresent: false });

function accepting(packet: Packet): readonly Packet[] {
  if (packet.cmd === 'connect') return [connack(0)];
  if (packet.cmd === 'subscribe') return [{ cmd: 'suback', granted: [0, 0x80], ...idOf(packet) }];
  if (packet.cmd !== 'publish') return [];
  return [
    { cmd: 'publish', messageId: 9, qos: 1, dup: false, retain: false, topic: 'answer', payload: 'yes' },
    { cmd: 'puback', ...idOf(packet) },
  ];
}

const idOf = ({ messageId }: Packet): { messageId?: number } => (messageId === undefined ? {} : { messageId });

test('a device publishes, takes messages and acknowledges them, and says goodbye', async () => {
  const peer = new Peer(accepting);
  const messages: MqttMessage[] = [];
  const client = await peer.connect((message) => messages.push(message));
  await client.publish('question', 'why');
  client.close();
  await new Promise((resolve) => peer.far.once('end', resolve));
  expect(messages).toEqual([{ topic: 'answer', payload: 'yes' }]);
  expect(peer.received.map(({ cmd }) => cmd)).toEqual(['connect', 'publish', 'puback', 'disconnect']);
  expect(peer.received[0]).toMatchObject({ protocolVersion: 4, clean: true, clientId: 'pump', username: 'scope/pump' });
});

test('what is refused is told in words', async () => {
  await expect(new Peer(() => [connack(5)]).connect()).rejects.toThrow('hub refused the connection: not authorized');
  const client = await new Peer(accepting).connect();
  await expect(client.subscribe('a', 'b')).rejects.toThrow('a subscription was refused: a, b');
  client.close();
  await client.closed;
});

test.each<readonly [string, (far: Duplex) => void, string]>([
  ['ends', (far) => far.end(), 'the other side ended the connection'],
  [
    'sends what is no MQTT',
    (far) => far.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])),
    'Invalid variable byte integer',
  ],
  [
    'announces a packet without end',
    (far) => far.write(Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0x7f]), Buffer.alloc(300_000)])),
    'a packet is too long',
  ],
])('a peer that %s ends what was asked', async (_, act, words) => {
  const peer = new Peer((packet) => (packet.cmd === 'connect' ? [connack(0)] : []));
  const client = await peer.connect();
  const published = client.publish('question', 'why');
  act(peer.far);
  await expect(published).rejects.toThrow(words);
  await client.closed;
});
