import { TLSSocket, connect } from 'node:tls';
import { RunningService, startService } from '@test/support/running-service';

/** Far less than a request may take whose body does not come. */
const ANSWER_TIMEOUT_MS = 5_000;
/** What an answered stranger may go on sending for, with time to spare. */
const CUT_TIMEOUT_MS = 6_000;

let service: RunningService;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'error' });
});
afterAll(() => service.close());

interface Answered {
  readonly socket: TLSSocket;
  readonly text: string;
}

/** Sends headers that promise a megabyte, and nothing of it; resolves at the end of the answer's body. */
function promise(method: string, path: string, authorization = 'Bearer of-a-stranger'): Promise<Answered> {
  const { port, ca } = service.endpoint;
  const socket = connect({ host: '127.0.0.1', port, ca, servername: service.host });
  socket.on('error', () => undefined);
  const headers = ['Content-Type: application/json', 'Content-Length: 1000000', `Authorization: ${authorization}`];
  socket.write([`${method} ${path} HTTP/1.1`, `Host: ${service.host}`, ...headers, '', ''].join('\r\n'));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${method} ${path}: no answer without the body`)), ANSWER_TIMEOUT_MS);
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (!text.endsWith('}')) return;
      clearTimeout(late);
      resolve({ socket, text });
    });
  });
}

test('every route of the management API that takes a body answers a stranger 401 before it', async () => {
  const { paths } = (await service.manage('GET', '/openapi.json')).json() as { paths: Record<string, object> };
  const writes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'get')
      .map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, 'x') })),
  );
  expect(writes.length).toBeGreaterThan(20);
  for (const { method, path } of writes) {
    const { socket, text } = await promise(method, path);
    expect([method, path, text.split('\r\n', 1)[0]]).toEqual([method, path, 'HTTP/1.1 401 Unauthorized']);
    expect(text).toContain('"type":"urn:rehome:problem:unauthorized"');
    socket.destroy();
  }
});

test.each([
  ['PUT', '/enrollments/x'],
  ['DELETE', '/enrollments/x'],
  ['POST', '/enrollments'],
  ['POST', '/enrollments/query'],
  ['POST', '/enrollments/x/attestationmechanism'],
  ['PUT', '/enrollmentGroups/x'],
  ['DELETE', '/enrollmentGroups/x'],
  ['POST', '/enrollmentGroups'],
  ['POST', '/enrollmentGroups/query'],
  ['POST', '/enrollmentGroups/x/attestationmechanism'],
  ['DELETE', '/registrations/x'],
  ['POST', '/registrations/x/query'],
])('%s %s of the Service API as well, with the error that it has always given', async (method, path) => {
  const { socket, text } = await promise(method, `${path}?api-version=2021-10-01`, 'SharedAccessSignature sr=x&sig=eA==&se=1');
  expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(text).toMatch(/\r\nx-ms-error-code: 401002\r\n/i);
  expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({ errorCode: 401002, message: 'Unauthorized' });
  socket.destroy();
});

test('a stranger who keeps the body back, and one who goes on sending, are cut off', async () => {
  const [quiet, busy] = await Promise.all([promise('PUT', '/api/v1/linked-hubs/x'), promise('PUT', '/api/v1/linked-hubs/x')]);
  const sending = setInterval(() => busy.socket.write('x'.repeat(1_000)), 10);
  const closed = Promise.all([quiet, busy].map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
  const late = new Promise((_, reject) => setTimeout(reject, CUT_TIMEOUT_MS, new Error('not cut off')).unref());
  await Promise.race([closed, late]);
  clearInterval(sending);
});
