import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { registerOverAmqp } from '@test/support/amqp-devices';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

const AMQP = Buffer.from('AMQP\0\x01\0\0', 'latin1');
const SASL = Buffer.from('AMQP\x03\x01\0\0', 'latin1');
const uint32 = (value: number): Buffer => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
const frame = (body: Buffer, type = 0): Buffer => Buffer.concat([uint32(8 + body.length), Buffer.of(2, type, 0, 0), body]);
/** A described list of encoded fields. */
const performative = (code: number, ...fields: Buffer[]): Buffer => {
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.of(0, 0x53, code, 0xd0), uint32(4 + content.length), uint32(fields.length), content]);
};
const NULL = Buffer.of(0x40);
const uint = (value: number): Buffer => Buffer.concat([Buffer.of(0x70), uint32(value)]);
const text = (value: string): Buffer => Buffer.concat([Buffer.of(0xa1, value.length), Buffer.from(value)]);
const init = (mechanism: string, response: string): Buffer =>
  frame(
    performative(
      0x41,
      Buffer.concat([Buffer.of(0xa3, mechanism.length), Buffer.from(mechanism)]),
      Buffer.concat([Buffer.of(0xb0), uint32(response.length), Buffer.from(response)]),
    ),
    1,
  );

const open = frame(performative(0x10, text('raw')));
const begin = frame(performative(0x11, NULL, uint(0), uint(10), uint(10)));

let service: RunningService;
let calls: DeviceCalls;
let device: Enrolled;
let other: Enrolled;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
  device = await calls.enroll({}, 'amqp-target');
  other = await calls.enroll({}, 'amqp-other');
});
afterAll(() => service.close());

interface Heard {
  readonly socket: TLSSocket;
  /** Everything that came back so far. */
  received(): Buffer;
}

async function reach(): Promise<Heard> {
  const { facts, endpoint } = service;
  const socket = connect({ port: facts.amqpPort, host: '127.0.0.1', servername: 'localhost', ca: endpoint.ca });
  let received = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
  await once(socket, 'secureConnect');
  return { socket, received: () => received };
}

async function closed(socket: TLSSocket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

function credentials(who: Enrolled, password: string): string {
  return `\0${service.facts.idScope}/registrations/${who.registrationId}\0${password}`;
}

/** Let in by SASL; what is sent from here on is AMQP. */
async function enter(): Promise<Heard> {
  const heard = await reach();
  heard.socket.write(Buffer.concat([SASL, init('PLAIN', credentials(device, calls.tokenFor(device)))]));
  const isIn = (): boolean => heard.received().subarray(-2).equals(Buffer.of(0x50, 0));
  for (let n = 0; n < 200 && !isIn(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isIn()).toBe(true);
  return heard;
}

async function refusedSince(start: number, reason: string): Promise<string> {
  const find = (): string | undefined =>
    service.process
      .output()
      .slice(start)
      .split('\n')
      .find((line) => line.includes('"protocol":"amqp"') && line.includes(`"reason":"${reason}"`));
  for (let round = 0; round < 200 && find() === undefined; round++) await new Promise((resolve) => setTimeout(resolve, 10));
  return find() ?? '';
}

async function expectOthersServed(): Promise<void> {
  const { registrationId, key } = other;
  expect(await registerOverAmqp(service, { transport: 'Amqp', registrationId, key })).toMatchObject({ status: 'assigned' });
}

describe('before anybody is let in', () => {
  const hostile: readonly (readonly [string, string, () => readonly Buffer[]])[] = [
    ['HTTP', 'protocol-header', () => [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['AMQP without SASL and without a certificate', 'no-credentials', () => [AMQP]],
    ['a frame of four gigabytes', 'frame-too-large', () => [SASL, uint32(0xffffffff)]],
    ['AMQP frames where SASL is spoken', 'malformed', () => [SASL, open]],
    ['an unknown mechanism', 'mechanism', () => [SASL, init('SCRAM', '')]],
    ['a token of another device', 'credentials', () => [SASL, init('PLAIN', credentials(device, calls.tokenFor(other)))]],
    ['an expired token', 'credentials', () => [SASL, init('PLAIN', credentials(device, calls.tokenFor(device, -3600)))]],
  ];

  it.each(hostile)('%s is refused: %s; others are served', async (_what, reason, bytes) => {
    const start = service.process.output().length;
    const { socket } = await reach();
    socket.write(Buffer.concat(bytes()));
    await closed(socket);
    const line = await refusedSince(start, reason);
    expect(line).toContain('"remoteAddress":"127.0.0.1"');
    expect(line).not.toContain('sig=');
    await expectOthersServed();
  });

  it('clear text and half a handshake on the TLS port', async () => {
    const start = service.process.output().length;
    const clear = connectTcp(service.facts.amqpPort, '127.0.0.1', () => clear.write(AMQP));
    clear.on('error', () => clear.destroy());
    await once(clear, 'close');
    expect(await refusedSince(start, 'handshake')).not.toBe('');
    const half = connectTcp(service.facts.amqpPort, '127.0.0.1', () => half.write(Buffer.from('16030100c8', 'hex')));
    half.on('error', () => half.destroy());
    await expectOthersServed();
    half.destroy();
  });

  it('connections that say nothing do not keep others out', async () => {
    const silent = await Promise.all(Array.from({ length: 100 }, () => reach()));
    await expectOthersServed();
    for (const { socket } of silent) socket.destroy();
  });
});

describe('from a device that was let in', () => {
  const endless = frame(performative(0x10, text('raw'), NULL, uint(1)));
  const attached = (n: number): Buffer => frame(performative(0x12, text(`link-${n}`), uint(n), Buffer.of(0x41)));
  const nothing = frame(Buffer.alloc(0));
  const hostile: readonly (readonly [string, string, readonly Buffer[]])[] = [
    ['a frame size of one byte', 'limits-too-small', [AMQP, endless]],
    [
      'four billion settled deliveries',
      'malformed',
      [AMQP, open, begin, frame(performative(0x15, Buffer.of(0x41), uint(0), uint(0xffffffff)))],
    ],
    [
      'an array of four billion nulls',
      'malformed',
      [AMQP, frame(performative(0x10, Buffer.from('f000000005ffffffff40', 'hex')))],
    ],
    ['a frame that announces a gigabyte', 'frame-too-large', [AMQP, open, uint32(0x40000000)]],
    ['a flood of empty frames', 'flood', [AMQP, open, ...Array.from({ length: 2_000 }, () => nothing)]],
    [
      'more links than a device needs',
      'too-many-links',
      [AMQP, open, begin, ...Array.from({ length: 70 }, (_, n) => attached(n))],
    ],
    ['SASL again', 'malformed', [AMQP, init('PLAIN', '')]],
  ];

  it.each(hostile)('%s ends the connection: %s; others are served', async (_what, reason, bytes) => {
    const start = service.process.output().length;
    const { socket } = await enter();
    socket.write(Buffer.concat(bytes));
    await closed(socket);
    expect(await refusedSince(start, reason)).not.toBe('');
    await expectOthersServed();
  });
});

describe('over WebSocket', () => {
  it.each([
    ['a message of text', (socket: WebSocket) => socket.send('AMQP '.repeat(40))],
    ['a message beyond the limit', (socket: WebSocket) => socket.send(Buffer.alloc(1_000_000))],
  ])('%s ends the connection; others are served', async (_what, act) => {
    const socket = new WebSocket(`wss://127.0.0.1:${service.facts.port}/$iothub/websocket`, ['AMQPWSB10'], {
      headers: { host: 'localhost' },
      rejectUnauthorized: false,
    });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    act(socket);
    await once(socket, 'close');
    const { registrationId, key } = other;
    expect(await registerOverAmqp(service, { transport: 'AmqpWs', registrationId, key })).toMatchObject({ status: 'assigned' });
  });
});
