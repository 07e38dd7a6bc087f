import { AddressInfo } from 'node:net';
import { IncomingMessage, Server, ServerResponse, createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WEBHOOK_ANSWER_BYTES_MAX, WebhookClient } from './webhook.client';
import { WebhookNetworks } from './webhook.networks';

const TIMEOUT_MS = 300;

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let origin: string;
let port: number;
let received: Received[] = [];
let respond: (response: ServerResponse) => void = () => undefined;

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body });
      respond(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  origin = `http://127.0.0.1:${port}`;
});
beforeEach(() => {
  received = [];
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const loopback = new WebhookClient(new WebhookNetworks(['127.0.0.0/8', '::1']), TIMEOUT_MS);
const strict = new WebhookClient(new WebhookNetworks([]), TIMEOUT_MS);
const call = (path = '/hook?code=secret', client = loopback) => client.call(`${origin}${path}`, '{"a":1}');

describe('calling a webhook', () => {
  test('posts the body and reads the answer', async () => {
    respond = json({ iotHubHostName: 'hub-b', initialTwin: { properties: { desired: { x: 1 } } }, payload: { p: 2 }, more: 1 });
    expect(await call()).toMatchObject({
      outcome: 'answered',
      status: 200,
      hub: 'hub-b',
      initialTwin: { tags: {}, desired: { x: 1 } },
      payload: { p: 2 },
    });
    expect(received).toMatchObject([
      { method: 'POST', url: '/hook?code=secret', body: '{"a":1}', headers: { 'content-type': 'application/json' } },
    ]);
  });

  test('takes absent and null members for nothing said, and empty parts for a twin', async () => {
    respond = json({ iotHubHostName: 'hub-b', initialTwin: null, payload: null });
    expect(await call()).toMatchObject({ outcome: 'answered', initialTwin: null, payload: null });
    respond = json({ iotHubHostName: 'hub-b', initialTwin: {} });
    expect(await call()).toMatchObject({ outcome: 'answered', initialTwin: { tags: {}, desired: {} } });
  });

  test.each([400, 404, 500, 503])('status %i is a failure that names it', async (status) => {
    respond = json({ iotHubHostName: 'hub-b' }, status);
    expect(await call()).toMatchObject({ outcome: 'failed', status });
  });

  test('follows no redirect', async () => {
    respond = (response) => response.writeHead(307, { location: `${origin}/elsewhere` }).end();
    expect(await call()).toMatchObject({ outcome: 'failed', status: 307 });
    expect(received.map(({ url }) => url)).toEqual(['/hook?code=secret']);
  });

  test('waits no longer than it may, for the head or for the rest', async () => {
    respond = () => undefined;
    const reason = `no answer within ${TIMEOUT_MS} ms`;
    expect(await call()).toMatchObject({ outcome: 'failed', status: null, reason });
    respond = (response) => {
      response.writeHead(200).write('{"iotHub');
    };
    const answer = await call();
    expect(answer).toMatchObject({ outcome: 'failed', status: null });
    expect(answer.durationMs).toBeLessThan(TIMEOUT_MS * 5);
  });

  test('reads no more than it may', async () => {
    respond = json({ iotHubHostName: 'hub-b', payload: { text: 'x'.repeat(WEBHOOK_ANSWER_BYTES_MAX) } });
    expect(await call()).toMatchObject({ outcome: 'failed', status: null, reason: expect.stringContaining('larger') as string });
  });

  test.each(['not json', '[]', '{"iotHubHostName":7}', '{"initialTwin":{"tags":[]}}', '{"payload":"text"}'])(
    'the answer %s is a failure',
    async (text) => {
      respond = (response) => response.writeHead(200).end(text);
      expect(await call()).toMatchObject({
        outcome: 'failed',
        status: null,
        reason: expect.stringContaining('not as documented') as string,
      });
    },
  );

  test('nobody listening is a failure that does not repeat the address', async () => {
    const answer = await loopback.call('http://127.0.0.1:1/hook?code=secret', '{}');
    expect(answer).toMatchObject({ outcome: 'failed', status: null, reason: 'the call failed: ECONNREFUSED' });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('a local address', () => {
  const spellings = (): string[] => [
    `http://127.0.0.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://localhost:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
  ];

  test('is not spoken to unless it is allowed, however it is written', async () => {
    respond = json({ iotHubHostName: 'hub-b' });
    for (const url of spellings()) {
      const answer = await strict.call(url, '{}');
      expect(answer).toMatchObject({
        outcome: 'failed',
        status: null,
        reason: expect.stringContaining('REHOME_WEBHOOK_ALLOW_NETWORKS') as string,
      });
    }
    await sleep(20);
    expect(received).toEqual([]);
  });

  test('is spoken to by its name when it is allowed', async () => {
    respond = json({ iotHubHostName: 'hub-b' });
    expect(await loopback.call(`http://localhost:${port}/`, '{}')).toMatchObject({ outcome: 'answered' });
  });
});
