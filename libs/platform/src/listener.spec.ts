import { mkdtemp, rm } from 'node:fs/promises';
import { IncomingMessage } from 'node:http';
import { Agent, request, RequestOptions } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, SecureVersion, TLSSocket } from 'node:tls';
import { createListener, Listener, ListenerOptions, RequestHandler } from './listener';
import { hostNameOf } from './listening/device-connection';
import { ListenError } from './listening/tls-server';
import { ensureAuthority, TlsMaterial } from './tls/authority';

let directory: string;
let tls: TlsMaterial;
const open: Listener[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-listener-'));
  tls = await ensureAuthority(directory, ['hub-a.localhost']);
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

const says =
  (text: string): RequestHandler =>
  (_request, response) =>
    void response.end(text);

async function listenWith(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await createListener({
    tls,
    port: 0,
    address: '127.0.0.1',
    routes: [],
    fallback: says('fallback'),
    ...options,
  });
  open.push(listener);
  return listener;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function get(port: number, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onResponse = (response: IncomingMessage): void => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    };
    request({ host: '127.0.0.1', servername: 'localhost', port, ca: tls.ca, ...options }, onResponse)
      .on('error', reject)
      .end();
  });
}

describe('dispatch by host name', () => {
  it.each([
    ['hub-a.localhost', 'hub a'],
    ['HUB-A.LocalHost:8443', 'hub a'],
    ['hub-a.localhost.', 'hub a'],
    ['hub-a.localhost.example', 'fallback'],
    ['localhost', 'fallback'],
  ])('%s goes to %s', async (host, expected) => {
    const { port } = await listenWith({ routes: [{ hostNames: ['Hub-A.localhost'], handler: says('hub a') }] });
    expect((await get(port, { headers: { host } })).text).toBe(expected);
  });

  it('reads names and addresses', () => {
    expect([undefined, 'a:1', '[::1]:8443', '[::1]', ''].map(hostNameOf)).toEqual(['', 'a', '[::1]', '[::1]', '']);
  });
});

describe('TLS', () => {
  function handshake(port: number, version: SecureVersion, session?: Buffer): Promise<{ session: Buffer; reused: boolean }> {
    return new Promise((resolve, reject) => {
      const socket = connect(
        { port, host: '127.0.0.1', servername: 'localhost', ca: tls.ca, minVersion: version, maxVersion: version, session },
        () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      );
      socket.once('data', () => {
        resolve({ session: socket.getSession() ?? Buffer.alloc(0), reused: socket.isSessionReused() });
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('of version %s never resumes a session', async (version) => {
    const { port } = await listenWith();
    const first = await handshake(port, version);
    const second = await handshake(port, version, first.session.length > 0 ? first.session : undefined);
    expect(second.reused).toBe(false);
  });

  it('shows the application the certificate that a client presents, whoever issued it', async () => {
    const fallback: RequestHandler = (request, response) => {
      const { socket } = request;
      if (!(socket instanceof TLSSocket)) throw new Error('not TLS');
      response.end(JSON.stringify({ subject: socket.getPeerCertificate().subject, authorized: socket.authorized }));
    };
    const { port } = await listenWith({ fallback });
    const answer = await get(port, { cert: tls.cert, key: tls.key, agent: false });
    expect(JSON.parse(answer.text)).toEqual({ subject: { CN: 'localhost' }, authorized: false });
    expect((await get(port)).status).toBe(200);
  });

  it('survives clients that do not speak it', async () => {
    const { port } = await listenWith();
    const socket = connectTcp(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
    await new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    expect((await get(port)).text).toBe('fallback');
  });
});

describe('limits', () => {
  it('answers 431 to headers that are too large', async () => {
    const { port } = await listenWith({ limits: { headerBytesMax: 1024 } });
    expect((await get(port, { headers: { 'x-large': 'x'.repeat(2000) } })).status).toBe(431);
  });

  it('takes no more connections than allowed', async () => {
    const { port } = await listenWith({ limits: { connectionsMax: 1 } });
    const agent = new Agent({ keepAlive: true });
    expect((await get(port, { agent })).status).toBe(200);
    await expect(get(port, { agent: false })).rejects.toThrow();
    agent.destroy();
  });
});

describe('closing', () => {
  it('lets a request in progress finish, then ends its connection', async () => {
    const fallback: RequestHandler = (_request, response) => void sleep(200).then(() => response.end('done'));
    const listener = await listenWith({ fallback });
    const agent = new Agent({ keepAlive: true });
    const answer = get(listener.port, { agent });
    await sleep(100);
    const closed = listener.close();
    expect((await answer).text).toBe('done');
    const startedMs = performance.now();
    await closed;
    expect(performance.now() - startedMs).toBeLessThan(2000);
    await expect(get(listener.port)).rejects.toThrow(/ECONNREFUSED/);
    agent.destroy();
  });

  it('cuts what does not finish in time, half-open handshakes included', async () => {
    let reached: () => void;
    const inProgress = new Promise<void>((resolve) => (reached = resolve));
    const listener = await listenWith({ fallback: () => reached(), limits: { drainTimeoutMs: 100 } });
    const silent = connectTcp(listener.port, '127.0.0.1');
    silent.on('error', () => silent.destroy());
    const refused = expect(get(listener.port)).rejects.toThrow('socket hang up');
    await inProgress;
    await listener.close();
    await refused;
  });
});

describe('a port that cannot be had', () => {
  it('is one clear line', async () => {
    const { port } = await listenWith();
    const refusal = await listenWith({ port }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ListenError);
    expect(String(refusal)).toContain(
      `cannot listen on 127.0.0.1 port ${port}: another program listens there; set REHOME_HTTPS_PORT`,
    );
  });
});
