import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { createListener, Listener } from '../listener';
import { ensureAuthority, TlsMaterial } from '../tls/authority';
import { ConnectionHandler } from './device-connection';
import { createSocketListener, SocketListener, SocketListenerOptions } from './socket-listener';
import type { DoorRefusal } from './tls-server';
import { UpgradeRoute } from './web-socket-upgrades';

let directory: string;
let tls: TlsMaterial;
const open: { close(): Promise<void> }[] = [];
const refusals: string[] = [];
const onRefused = ({ reason, detail = '' }: DoorRefusal): void => void refusals.push(`${reason}: ${detail}`);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-connections-'));
  tls = await ensureAuthority(directory, ['hub-a.localhost']);
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(async () => {
  refusals.length = 0;
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Says who answers and what it was told of the connection, then repeats what it hears. */
const answersAs =
  (name: string): ConnectionHandler =>
  ({ stream, hostName, door }) => {
    stream.on('error', () => stream.destroy());
    stream.write(`${name} ${door} ${hostName} `);
    stream.pipe(stream);
  };

async function listenOnTls(options: Partial<SocketListenerOptions> = {}): Promise<SocketListener> {
  const listener = await createSocketListener({
    tls,
    port: 0,
    portVariable: 'REHOME_MQTT_PORT',
    address: '127.0.0.1',
    routes: [{ hostNames: ['Hub-A.localhost'], handle: answersAs('hub') }],
    fallback: answersAs('service'),
    onRefused,
    ...options,
  });
  open.push(listener);
  return listener;
}

/** What the other side says until it has repeated the text, or all it said before it ended the connection. */
async function talk(port: number, servername: string, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername, ca: tls.ca }, () => socket.write(text));
  socket.on('error', () => socket.destroy());
  return heard(socket, text);
}

async function heard(socket: TLSSocket, text: string): Promise<string> {
  let said = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    said += chunk.toString();
    if (said.endsWith(text)) break;
  }
  return said;
}

describe('a TLS port', () => {
  it.each([
    ['hub-a.localhost', 'hub tls hub-a.localhost ping'],
    ['localhost', 'service tls localhost ping'],
    ['', 'service tls  ping'],
  ])('called %j is answered by the one whose name it is', async (servername, expected) => {
    const { port } = await listenOnTls();
    expect(await talk(port, servername, 'ping')).toBe(expected);
  });

  it('refuses a name that nobody answers to', async () => {
    const { port } = await listenOnTls({ fallback: undefined });
    expect(await talk(port, 'localhost', 'ping')).toBe('');
    expect(refusals).toEqual(['unknown-name: ']);
    expect(await talk(port, 'hub-a.localhost', 'ping')).toContain('ping');
  });

  it('ends handshakes that take too long, says so, and serves others meanwhile', async () => {
    const { port } = await listenOnTls({ limits: { handshakeTimeoutMs: 100 } });
    const silent = connectTcp(port, '127.0.0.1');
    silent.on('error', () => silent.destroy());
    expect(await talk(port, 'localhost', 'ping')).toContain('ping');
    if (!silent.closed) await once(silent, 'close');
    expect(refusals).toEqual(['handshake: TLS handshake timeout']);
  });

  it('takes no more connections than allowed', async () => {
    const { port } = await listenOnTls({ limits: { connectionsMax: 1 } });
    const first = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: tls.ca });
    await once(first, 'secureConnect');
    expect(await talk(port, 'localhost', 'ping')).toBe('');
    expect(refusals).toContain('too-many-connections: ');
    first.destroy();
  });

  it('that is taken is one clear line with the name of its variable', async () => {
    const { port } = await listenOnTls();
    await expect(listenOnTls({ port })).rejects.toThrow(`port ${port}: another program listens there; set REHOME_MQTT_PORT`);
  });

  it('cuts what is left when it closes', async () => {
    const listener = await listenOnTls();
    const socket = connect({ port: listener.port, host: '127.0.0.1', servername: 'localhost', ca: tls.ca });
    socket.on('error', () => socket.destroy());
    await once(socket, 'data');
    await Promise.all([once(socket, 'close'), listener.close()]);
  });
});

describe('a WebSocket on the HTTPS listener', () => {
  const upgrades: readonly UpgradeRoute[] = [
    { hostNames: 'fallback', protocol: 'mqtt', handle: answersAs('service') },
    { hostNames: ['hub-a.localhost'], protocol: 'mqtt', handle: answersAs('hub') },
    { hostNames: 'fallback', protocol: 'AMQPWSB10', handle: answersAs('amqp') },
  ];

  async function listenOnHttps(): Promise<Listener> {
    const hub = { hostNames: ['hub-b.localhost'], handler: () => undefined };
    const fallback: Parameters<typeof createListener>[0]['fallback'] = (_request, response) => void response.end('http');
    const listener = await createListener({
      tls,
      port: 0,
      address: '127.0.0.1',
      routes: [hub],
      fallback,
      upgrades,
      onRefused,
    });
    open.push(listener);
    return listener;
  }

  async function exchange(port: number, host: string, path: string, protocols: string[]): Promise<string> {
    const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, protocols, {
      ca: tls.ca,
      headers: { host },
      rejectUnauthorized: false,
    });
    let said = '';
    socket.on('message', (data: Buffer) => (said += data.toString()));
    socket.on('open', () => socket.send('ping'));
    const ended = new Promise<string>((resolve) => {
      socket.on('error', ({ message }) => resolve(message));
      socket.on('message', () => {
        if (said.endsWith('ping')) resolve(`${socket.protocol}: ${said}`);
      });
    });
    const result = await ended;
    socket.terminate();
    return result;
  }

  it.each([
    ['localhost:8443', '/$iothub/websocket', ['mqtt'], 'mqtt: service websocket localhost ping'],
    ['localhost', '/$IotHub/WebSocket?iothub-no-client-cert=true', ['MQTT'], 'MQTT: service websocket localhost ping'],
    ['localhost', '/%24iothub/websocket', ['v9', 'AMQPWSB10'], 'AMQPWSB10: amqp websocket localhost ping'],
    ['HUB-A.localhost', '/$iothub/websocket', ['mqtt'], 'mqtt: hub websocket hub-a.localhost ping'],
  ])('called %s %s with %j answers %s', async (host, path, protocols, expected) => {
    const { port } = await listenOnHttps();
    expect(await exchange(port, host, path, protocols)).toBe(expected);
  });

  it.each([
    ['a hub that does not speak it', 'hub-b.localhost', '/$iothub/websocket', ['mqtt']],
    ['another protocol', 'localhost', '/$iothub/websocket', ['chat']],
    ['no protocol', 'localhost', '/$iothub/websocket', []],
    ['another path', 'localhost', '/websocket', ['mqtt']],
  ])('is refused for %s', async (_what, host, path, protocols) => {
    const { port } = await listenOnHttps();
    expect(await exchange(port, host, path, protocols)).toBe('Unexpected server response: 400');
    expect(refusals).toEqual(['upgrade: no such path or WebSocket subprotocol under this name']);
  });

  it('does not keep the listener from closing', async () => {
    const listener = await listenOnHttps();
    const socket = new WebSocket(`wss://127.0.0.1:${listener.port}/$iothub/websocket`, ['mqtt'], {
      ca: tls.ca,
      headers: { host: 'localhost' },
      rejectUnauthorized: false,
    });
    socket.on('error', () => undefined);
    await once(socket, 'message');
    const startedMs = performance.now();
    await Promise.all([once(socket, 'close'), listener.close()]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});
