import { AddressInfo, Server, Socket, connect, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { DeviceAnswer, DeviceService } from '../device-service';
import { AmqpFrameGuard } from './frame-guard';
import { FrameReader } from './frame-reader';
import { AmqpServer, AmqpServerLimits } from './amqp-server';
import { amqpConnectionLimits } from './limits';
import { ValueReader } from './values';

const answer: DeviceAnswer = { status: 202, retryAfterS: undefined, body: {} };
const service: DeviceService = {
  refusal: () => Promise.resolve({ ...answer, status: 401 }),
  register: () => Promise.resolve(answer),
  operation: () => Promise.resolve(answer),
  lookUp: () => Promise.resolve(answer),
  malformed: () => answer,
};

const AMQP = Buffer.from('AMQP\0\x01\0\0', 'latin1');
const SASL = Buffer.from('AMQP\x03\x01\0\0', 'latin1');

const uint32 = (value: number): Buffer => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
const frame = (body: Buffer, type = 0): Buffer => Buffer.concat([uint32(8 + body.length), Buffer.of(2, type, 0, 0), body]);
/** A described list of encoded fields. */
const performative = (code: number, ...fields: number[][]): Buffer => {
  const content = Buffer.from(fields.flat());
  return Buffer.concat([Buffer.of(0, 0x53, code, 0xd0), uint32(4 + content.length), uint32(fields.length), content]);
};
const NULL = [0x40];
const text = (value: string): number[] => [0xa1, value.length, ...Buffer.from(value)];
const uint = (value: number): number[] => [0x70, ...uint32(value)];

describe('bytes of a peer that is not let in', () => {
  let server: AmqpServer;
  let listener: Server;
  let refusals: string[];

  async function start(limits: Partial<AmqpServerLimits> = {}): Promise<void> {
    refusals = [];
    server = new AmqpServer({
      service,
      metrics: { count: () => undefined, refused: ({ reason }) => void refusals.push(reason) },
      limits,
    });
    listener = createServer((socket) => server.handle({ stream: socket, socket: socket as TLSSocket, remoteAddress: '' }));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  }
  afterEach(async () => {
    await server.close();
    await new Promise((resolve) => listener.close(resolve));
  });

  /** Sends bytes and gives what came back until the service has ended the connection. */
  function send(...bytes: readonly Buffer[]): Promise<Buffer> {
    return new Promise((resolve) => {
      const socket: Socket = connect((listener.address() as AddressInfo).port, '127.0.0.1');
      const received: Buffer[] = [];
      socket.on('data', (chunk) => received.push(chunk)).on('error', () => undefined);
      socket.on('close', () => resolve(Buffer.concat(received)));
      socket.write(Buffer.concat(bytes));
    });
  }

  const init = (mechanism: string, response: string): Buffer =>
    frame(
      performative(0x41, [0xa3, mechanism.length, ...Buffer.from(mechanism)], [0xa0, response.length, ...Buffer.from(response)]),
      1,
    );

  test.each<[string, readonly Buffer[], string]>([
    ['another protocol', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], 'protocol-header'],
    ['an older version', [Buffer.from('AMQP\0\0\x09\x01', 'latin1')], 'protocol-header'],
    ['no SASL and no certificate', [AMQP], 'no-credentials'],
    ['a frame without a header', [SASL, uint32(4)], 'malformed'],
    ['a frame of four gigabytes', [SASL, uint32(0xffffffff)], 'frame-too-large'],
    ['an AMQP frame where SASL is spoken', [SASL, frame(performative(0x10, text('me')))], 'malformed'],
    ['no known performative', [SASL, frame(performative(0x7f), 1)], 'malformed'],
    ['a response before the beginning', [SASL, frame(performative(0x43, [0xa0, 0]), 1)], 'malformed'],
    ['a mechanism that is not offered', [SASL, init('constructor', '')], 'mechanism'],
    ['a PLAIN response without a password', [SASL, init('PLAIN', '\0scope/registrations/id')], 'credentials'],
    ['a user name of another form', [SASL, init('PLAIN', '\0root\0secret')], 'credentials'],
    ['credentials that do not hold', [SASL, init('PLAIN', '\0scope/registrations/id\0token')], 'credentials'],
    ['ANONYMOUS without a certificate', [SASL, init('ANONYMOUS', '')], 'no-credentials'],
  ])('%s', async (_name, bytes, reason) => {
    await start();
    const received = await send(...bytes);
    expect(refusals).toEqual([reason]);
    // A refused authentication has an outcome: 1, authentication failed.
    if (reason === 'credentials') expect(received.subarray(-2)).toEqual(Buffer.of(0x50, 1));
  });

  test('nothing at all, and half a header', async () => {
    await start({ handshakeTimeoutMs: 50 });
    await Promise.all([send(), send(SASL.subarray(0, 5)), send(SASL)]);
    expect(refusals).toEqual(['handshake-timeout', 'handshake-timeout', 'handshake-timeout']);
  });

  test('more connections than the server takes', async () => {
    await start({ connectionsMax: 1, handshakeTimeoutMs: 200 });
    await Promise.all([send(SASL), send(SASL)]);
    expect(refusals.sort()).toEqual(['handshake-timeout', 'too-many-connections']);
  });
});

describe('frames of a peer that was let in', () => {
  const guard = (limits = {}): AmqpFrameGuard => new AmqpFrameGuard({ ...amqpConnectionLimits, ...limits }, () => 0);
  const begin = frame(performative(0x11, NULL, uint(0), uint(1), uint(1)));
  const attach = frame(performative(0x12, text('link'), uint(0), [0x41]));
  const transfer = (message: Buffer, more = false, id: number[] = uint(0)): Buffer =>
    frame(Buffer.concat([performative(0x14, uint(0), id, [0xa0, 1, 1], NULL, NULL, [more ? 0x41 : 0x42]), message]));
  const body = Buffer.from([0, 0x53, 0x75, 0xa0, 2, 0x7b, 0x7d]);

  test.each<[string, Buffer]>([
    ['a heartbeat', frame(Buffer.alloc(0))],
    ['an open', frame(performative(0x10, text('me')))],
    ['a begin', begin],
    ['an attach', attach],
    ['a message', transfer(body)],
    ['a disposition', frame(performative(0x15, [0x41], uint(3)))],
    ['a close', frame(Buffer.of(0, 0x53, 0x18, 0x45))],
  ])('%s passes', (_name, bytes) => {
    expect(() => guard().inspect(bytes)).not.toThrow();
  });

  test.each<[string, Buffer, string]>([
    ['a frame size below the least', frame(performative(0x10, text('me'), NULL, uint(1))), 'limits-too-small'],
    ['an idle time of a millisecond', frame(performative(0x10, text('me'), NULL, NULL, NULL, uint(1))), 'limits-too-small'],
    ['an open without a name', frame(performative(0x10)), 'malformed'],
    ['a number as text', frame(performative(0x11, NULL, text('0'), uint(1), uint(1))), 'malformed'],
    ['too many fields', frame(performative(0x17, NULL, NULL)), 'malformed'],
    ['a disposition of four billion deliveries', frame(performative(0x15, [0x41], uint(0), uint(0xffffffff))), 'malformed'],
    ['a disposition that runs backwards', frame(performative(0x15, [0x41], uint(9), uint(1))), 'malformed'],
    ['a delivery without an id', transfer(body, false, NULL), 'malformed'],
    ['a message that is no message', transfer(Buffer.of(0x41)), 'malformed'],
    ['a section that nobody knows', transfer(Buffer.from([0, 0x53, 0x10, 0x45])), 'malformed'],
    ['a data offset beyond the frame', Buffer.from([0, 0, 0, 8, 9, 0, 0, 0]), 'malformed'],
    ['SASL in the middle', frame(performative(0x43, [0xa0, 0])), 'malformed'],
  ])('%s does not', (_name, bytes, reason) => {
    expect(() => guard().inspect(bytes)).toThrow(expect.objectContaining({ reason }) as Error);
  });

  test('a flood, too many sessions, links, requests and too large messages do not', () => {
    const repeat = (bytes: Buffer, limits: object) => () => {
      const one = guard(limits);
      for (let count = 0; count < 100; count++) one.inspect(bytes);
    };
    const refusal = (reason: string): Error => expect.objectContaining({ reason }) as Error;
    expect(repeat(frame(Buffer.alloc(0)), { framesPerSecondMax: 99 })).toThrow(refusal('flood'));
    expect(repeat(begin, {})).toThrow(refusal('too-many-links'));
    expect(repeat(attach, {})).toThrow(refusal('too-many-links'));
    expect(repeat(transfer(body), {})).toThrow(refusal('too-many-pending'));
    expect(repeat(transfer(Buffer.alloc(4_000), true), {})).toThrow(refusal('message-too-large'));
  });
});

describe('encoded values', () => {
  const nested = (depth: number): Buffer => (depth === 0 ? Buffer.of(0x40) : wrapped(nested(depth - 1)));
  const wrapped = (inner: Buffer): Buffer => Buffer.concat([Buffer.of(0xd0), uint32(4 + inner.length), uint32(1), inner]);

  test.each<[string, Buffer]>([
    ['an array of four billion nulls', Buffer.concat([Buffer.of(0xf0), uint32(5), uint32(0xffffffff), Buffer.of(0x40)])],
    ['a list that promises more than there is', Buffer.concat([Buffer.of(0xd0), uint32(0xffff), uint32(1)])],
    ['a list with fewer bytes than its size', Buffer.concat([Buffer.of(0xd0), uint32(6), uint32(1), Buffer.of(0x40, 0x40)])],
    ['text that is longer than the frame', Buffer.of(0xb1, 0x7f, 0xff, 0xff, 0xff)],
    ['a map with an odd number of parts', Buffer.of(0xc1, 2, 1, 0x40)],
    ['a tower of lists', nested(40)],
    ['a tower of descriptors', Buffer.alloc(200)],
    ['a type that does not exist', Buffer.of(0x3f)],
    ['nothing', Buffer.alloc(0)],
  ])('%s is refused', (_name, bytes) => {
    expect(() => new ValueReader(bytes).read()).toThrow(expect.objectContaining({ reason: 'malformed' }) as Error);
  });

  test('frames arrive whole however the network cuts them', () => {
    const stream = Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(600)), frame(Buffer.of(1))]);
    for (const step of [1, 3, 7, 1000]) {
      const reader = new FrameReader(() => ({ unit: 'frame', frameBytesMax: 1024 }));
      const units: number[] = [];
      for (let at = 0; at < stream.length; at += step) {
        for (const unit of reader.read(stream.subarray(at, at + step))) units.push(unit.length);
      }
      expect(units).toEqual([8, 608, 9]);
    }
  });

  test('a stream that is closed by the service takes no more bytes', () => {
    const stream = new PassThrough();
    const closed = new AmqpServer({
      service,
      metrics: { count: () => undefined, refused: () => undefined },
      limits: { connectionsMax: 0 },
    });
    closed.handle({ stream, socket: stream as unknown as TLSSocket, remoteAddress: '' });
    expect(stream.destroyed).toBe(true);
  });
});
