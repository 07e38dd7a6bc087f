import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { connect as connectTcp, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Networks } from '@app/provisioning/shared/networks';
import { until } from '@test/support/until';
import { createListener } from '../listener';
import { ensureAuthority, TlsMaterial } from '../tls/authority';
import { GateOptions, peerAddressOf } from './connection-gate';
import { ConnectionLedger } from './connection-ledger';
import { createSocketListener } from './socket-listener';

/** The proxy of these tests has an address of its own on loopback. */
const PROXY = '127.0.0.2';
const CLIENT = '127.0.0.1';
const HEADER = 'PROXY TCP4 192.0.2.10 10.0.0.1 12345 8883\r\n';

let directory: string;
let tls: TlsMaterial;
const open: { close(): Promise<void> }[] = [];
const refusals: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-gate-'));
  tls = await ensureAuthority(directory, []);
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  refusals.length = 0;
});

/** Bounded by address and in total, with its gauge. */
function ledger(perAddressMax: number, connectionsMax = 100): { ledger: ConnectionLedger; gauge: () => number } {
  let open = 0;
  const count = (name: string, by = 1): void => void (open += name === 'tcp.connections' ? by : NaN);
  return { ledger: new ConnectionLedger({ perAddressMax, connectionsMax, count }), gauge: () => open };
}

const base = (options: Omit<GateOptions, 'onRefused'>) => ({
  tls,
  port: 0,
  address: '0.0.0.0',
  gate: { proxies: new Networks([`${PROXY}/32`]), proxyHeaderTimeoutMs: 200, ...options },
  onRefused: ({ reason, remoteAddress }: { reason: string; remoteAddress: string }): void =>
    void refusals.push(`${reason} ${remoteAddress}`),
});

/** A TLS port that says which address it sees, and which the connection came from. */
async function listenOnTls(options: Omit<GateOptions, 'onRefused'> = {}): Promise<number> {
  const listener = await createSocketListener({
    ...base(options),
    portVariable: 'port',
    routes: [],
    fallback: ({ stream, socket, remoteAddress }) => {
      stream.on('error', () => stream.destroy());
      stream.write(`${remoteAddress} ${socket.remoteAddress ?? ''} ${peerAddressOf(socket)};`);
    },
  });
  open.push(listener);
  return listener.port;
}

async function dial(port: number, from: string, ...bytes: (string | Buffer)[]): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  for (const each of bytes) {
    socket.write(each);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return socket;
}

/** What the port says over TLS; empty when it ends the connection. */
async function heard(socket: Socket): Promise<string> {
  const secured = connect({ socket, ca: tls.ca, servername: 'localhost' });
  secured.on('error', () => secured.destroy());
  let said = '';
  secured.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.endsWith(';')) secured.end();
  });
  const closed = (each: Socket): Promise<unknown> => new Promise((resolve) => each.once('close', resolve));
  if (!socket.destroyed) await Promise.race([closed(secured), closed(socket)]);
  return said;
}

describe('behind a proxy', () => {
  it.each([
    ['in one piece', [HEADER]],
    ['in pieces', ['PRO', 'XY TCP4 192.0.2.10 10.0', '.0.1 12345 8883\r', '\n']],
    ['version 2', [Buffer.from('0d0a0d0a000d0a515549540a2111000cc000020a0a000001303922b3', 'hex')]],
  ])('the address of the client is the one in the header, %s', async (_what, pieces) => {
    expect(await heard(await dial(await listenOnTls(), PROXY, ...pieces))).toBe(`192.0.2.10 192.0.2.10 ${PROXY};`);
    expect(refusals).toEqual([]);
  });

  it('the address of the proxy counts where it speaks for itself', async () => {
    expect(await heard(await dial(await listenOnTls(), PROXY, 'PROXY UNKNOWN\r\n'))).toBe(`${PROXY} ${PROXY} ${PROXY};`);
  });

  it('the header may come together with the first bytes of TLS', async () => {
    const port = await listenOnTls();
    const socket = connectTcp({ port, host: '127.0.0.1', localAddress: PROXY });
    socket.on('error', () => socket.destroy());
    socket.cork();
    socket.write(HEADER);
    setTimeout(() => socket.uncork(), 20);
    expect(await heard(socket)).toBe(`192.0.2.10 192.0.2.10 ${PROXY};`);
  });

  it('whoever else comes needs no header, and gets nowhere with one', async () => {
    const port = await listenOnTls();
    expect(await heard(await dial(port, CLIENT))).toBe(`${CLIENT} ${CLIENT} ${CLIENT};`);
    expect(await heard(await dial(port, CLIENT, HEADER))).toBe('');
    expect(refusals).toEqual([`handshake ${CLIENT}`]);
  });

  it.each([
    ['none but TLS', ''],
    ['a malformed one', 'PROXY TCP4 nonsense\r\n'],
    ['an endless one', 'PROXY '.padEnd(4_000, 'x')],
  ])('a connection of the proxy with %s is refused', async (_what, header) => {
    expect(await heard(await dial(await listenOnTls(), PROXY, ...(header === '' ? [] : [header])))).toBe('');
    expect(refusals).toEqual([`proxy-header ${PROXY}`]);
  });

  it.each([
    ['late', 'PROXY TCP4', false],
    ['cut off', 'PROXY TCP4', true],
  ])('a header that is %s ends the connection', async (_what, start, ends) => {
    const socket = await dial(await listenOnTls(), PROXY, start);
    socket.resume();
    if (ends) socket.destroy();
    else await once(socket, 'close');
    await until('one is refused', () => refusals.length > 0);
    expect(refusals).toEqual([`proxy-header ${PROXY}`]);
  });

  it('a failed handshake is reported with the address of the client', async () => {
    const socket = await dial(await listenOnTls(), PROXY, HEADER, 'no TLS at all');
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
    expect(refusals).toEqual(['handshake 192.0.2.10']);
  });

  it('HTTPS requests have the address of the client, also on a connection that is kept', async () => {
    const listener = await createListener({
      ...base({}),
      routes: [],
      fallback: (request, response) =>
        void response.end(`${request.socket.remoteAddress ?? ''} ${peerAddressOf(request.socket)}`),
    });
    open.push(listener);
    const raw = await dial(listener.port, PROXY, HEADER);
    const secured = connect({ socket: raw, ca: tls.ca, servername: 'localhost' });
    const ask = async (): Promise<string> => {
      const request = get({ createConnection: () => secured, headers: { connection: 'keep-alive' } });
      const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
      let body = '';
      for await (const chunk of response) body += chunk.toString();
      return body;
    };
    expect(await ask()).toBe(`192.0.2.10 ${PROXY}`);
    secured.destroy();
  });
});

describe('connections are bounded', () => {
  it('by the address of the client, which a proxy names', async () => {
    const { ledger: one, gauge } = ledger(1);
    const port = await listenOnTls({ ledger: one });
    const first = await dial(port, PROXY, HEADER);
    await until('1 are open', () => gauge() === 1);
    expect(await heard(await dial(port, PROXY, HEADER))).toBe('');
    expect(refusals).toEqual(['too-many-from-address 192.0.2.10']);
    expect(await heard(await dial(port, CLIENT))).toContain(CLIENT);
    expect(await heard(await dial(port, PROXY, HEADER.replace('.10 ', '.11 ')))).toContain('192.0.2.11');
    first.destroy();
    await until('0 are open', () => gauge() === 0);
    expect(await heard(await dial(port, PROXY, HEADER))).toContain('192.0.2.10');
  });

  it('in total, over all ports that share the count', async () => {
    const { ledger: shared, gauge } = ledger(0, 2);
    const ports = [await listenOnTls({ ledger: shared }), await listenOnTls({ ledger: shared })] as const;
    const held = [await dial(ports[0], CLIENT), await dial(ports[1], CLIENT)];
    await until('2 are open', () => gauge() === 2);
    expect(await heard(await dial(ports[1], CLIENT))).toBe('');
    expect(refusals).toEqual([`too-many-connections ${CLIENT}`]);
    for (const socket of held) socket.destroy();
    await until('0 are open', () => gauge() === 0);
    expect(await heard(await dial(ports[1], CLIENT))).toContain(CLIENT);
  });
});
