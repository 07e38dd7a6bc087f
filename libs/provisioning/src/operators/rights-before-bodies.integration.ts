import { AddressInfo, Socket, connect } from 'node:net';
import { UNREAD_BODY_TIMEOUT_MS } from '@app/device-protocols/https/http-server';
import { ManagementFixture, startManagement } from '../management/testing/management-fixture';
import { bearer } from '../management/testing/test-application';

/** Far less than it takes to find out that no body comes. */
const AT_ONCE_MS = 1_000;

describe('who may not', () => {
  let fixture: ManagementFixture;
  let port: number;

  beforeAll(async () => {
    fixture = await startManagement();
    const { app } = fixture.application;
    await app.listen(0, '127.0.0.1');
    ({ port } = app.getHttpServer().address() as AddressInfo);
  });
  afterAll(() => fixture.close());

  /** Sends headers that promise a body, and nothing of it. */
  function promise(
    method: string,
    path: string,
    headers: readonly string[],
  ): Promise<{ socket: Socket; head: string; body: string }> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', ...headers];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('no answer while the body is missing')), AT_ONCE_MS);
      let text = '';
      socket.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        const [head = '', body = ''] = text.split('\r\n\r\n');
        if (!body.endsWith('}')) return;
        clearTimeout(late);
        resolve({ socket, head, body });
      });
    });
  }
  const large = 'Content-Length: 1000000';
  const within = 'Content-Length: 50000';
  const endless = 'Transfer-Encoding: chunked';

  test.each([
    ['PUT', '/api/v1/linked-hubs/hub-a.localhost', large],
    ['PUT', '/api/v1/linked-hubs/hub-a.localhost', within],
    ['POST', '/api/v1/enrollments/e/regenerate-key', endless],
    ['PUT', '/api/v1/enrollments/e/reprovision-policy', within],
    ['POST', '/API/V1/nowhere', within],
  ])('%s %s with %s is answered 401 before the body', async (method, path, length) => {
    for (const authorization of [
      [],
      ['Authorization: Bearer wrong'],
      ['Authorization: SharedAccessSignature sr=localhost&sig=x&se=9'],
    ]) {
      const { socket, head, body } = await promise(method, path, [length, ...authorization]);
      expect(head).toMatch(/^HTTP\/1.1 401 .*[^]*www-authenticate: Bearer, SharedAccessSignature/i);
      expect(JSON.parse(body)).toMatchObject({ type: 'urn:rehome:problem:unauthorized', status: 401 });
      socket.destroy();
    }
  });

  test.each([
    ['PUT', '/enrollments/e?api-version=2021-10-01', large],
    ['POST', '/enrollmentGroups?api-version=2021-10-01', within],
    ['POST', '/enrollments/query?api-version=2021-10-01', endless],
    ['POST', '/registrations/g/query?api-version=2021-10-01', within],
  ])('%s %s with %s is answered as the Service API answers it', async (method, path, length) => {
    const { socket, head, body } = await promise(method, path, [length, 'Authorization: SharedAccessSignature sr=x&sig=y&se=1']);
    expect(head).toMatch(/^HTTP\/1.1 401 [^]*x-ms-error-code: 401002/i);
    expect(JSON.parse(body)).toMatchObject({ errorCode: 401002, message: 'Unauthorized' });
    socket.destroy();
  });

  it('is told of a missing right before the body, too', async () => {
    const authorization = `Authorization: ${bearer('EnrollmentRead')}`;
    const { socket, body } = await promise('PUT', '/api/v1/linked-hubs/hub-a.localhost', [within, authorization]);
    expect(JSON.parse(body)).toMatchObject({ status: 403, detail: 'This needs the right ServiceConfig.' });
    socket.destroy();
  });

  it('is cut off when it goes on sending, a little after its answer', async () => {
    const { socket } = await promise('PUT', '/api/v1/linked-hubs/hub-a.localhost', [endless]);
    const sentMs = performance.now();
    const sending = setInterval(() => socket.write('1000\r\n' + 'x'.repeat(0x1000) + '\r\n'), 10);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(sending);
    expect(performance.now() - sentMs).toBeLessThan(UNREAD_BODY_TIMEOUT_MS + AT_ONCE_MS);
  });

  it('keeps its connection when the body was small and came after all', async () => {
    const { socket } = await promise('PUT', '/api/v1/linked-hubs/hub-a.localhost', ['Content-Length: 2']);
    socket.write('{}');
    const next = new Promise<string>((resolve) => socket.once('data', (text) => resolve(String(text))));
    await new Promise((resolve) => setTimeout(resolve, UNREAD_BODY_TIMEOUT_MS + 200));
    socket.write('GET /api/v1/projections HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await next).toContain('HTTP/1.1 401');
    socket.destroy();
  });
});
