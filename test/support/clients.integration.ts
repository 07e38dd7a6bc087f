import { mkdtemp, rm } from 'node:fs/promises';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSymmetricKey, parseSasToken, verifyDeviceToken } from '@app/attestation';
import { ensureAuthority } from '@app/platform';
import {
  call,
  closeAgents,
  deviceKeyOf,
  Endpoint,
  hostNameIn,
  hubRegistry,
  registerDevice,
  registerRaw,
  reportProperties,
  serviceClient,
} from './clients';
import { queryPages, runBulk } from './service-sdk';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly authorization: string;
  readonly body: unknown;
}
interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const hub = 'hub-a.localhost';
const key = generateSymmetricKey();
const device = { idScope: '0ne00000001', registrationId: 'dev-1', key };
const state = {
  registrationId: 'dev-1',
  assignedHub: hub,
  deviceId: 'dev-1',
  status: 'assigned',
  substatus: 'initialAssignment',
};

let server: Server;
let endpoint: Endpoint;
/** Requests in the order of arrival, and the replies they get in the same order. */
const seen: Seen[] = [];
const replies: Reply[] = [];

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clients-'));
  const { ca, cert, key: privateKey } = await ensureAuthority(directory, [hub]);
  await rm(directory, { recursive: true });
  server = createServer({ cert, key: privateKey }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = { port: (server.address() as AddressInfo).port, ca };
});
afterAll(async () => {
  closeAgents();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  seen.length = 0;
  replies.length = 0;
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    seen.push({ method, url, host: headers.host ?? '', authorization: headers.authorization ?? '', body });
    const reply = replies.shift() ?? { status: 500 };
    response.writeHead(reply.status, { 'content-type': 'application/json; charset=utf-8', ...reply.headers });
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  });
}

function connectionString(hostName: string): string {
  return `HostName=${hostName};SharedAccessKeyName=owner;SharedAccessKey=${key}`;
}

describe('the device SDK', () => {
  it('registers, polls and gives the registration', async () => {
    replies.push(
      { status: 202, headers: { 'retry-after': '0' }, body: { operationId: 'op-1', status: 'assigning' } },
      { status: 200, body: { operationId: 'op-1', status: 'assigned', registrationState: state } },
    );
    const result = await registerDevice(endpoint, 'localhost', device, { model: 'x' });
    expect(result).toMatchObject({ assignedHub: hub, deviceId: 'dev-1' });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT /0ne00000001/registrations/dev-1/register?api-version=2019-03-31',
      'GET /0ne00000001/registrations/dev-1/operations/op-1?api-version=2019-03-31',
    ]);
    expect(seen[0]).toMatchObject({ body: { registrationId: 'dev-1', payload: { model: 'x' } } });
    const authorization = seen[0]?.authorization;
    const keys = { primary: Buffer.from(key, 'base64') };
    expect(verifyDeviceToken({ authorization, kind: 'individual', keys, ...device, now: new Date() })).toMatchObject({
      valid: true,
    });
  });

  it("rejects with the SDK's own error", async () => {
    replies.push({ status: 401, body: { errorCode: 401002, message: 'Unauthorized' } });
    await expect(registerDevice(endpoint, 'localhost', device)).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });
});

describe('a device of any age', () => {
  it('registers under its api-version until the operation ends', async () => {
    replies.push(
      { status: 202, body: { operationId: 'op-1', status: 'assigning' } },
      { status: 200, body: { operationId: 'op-1', status: 'assigned', registrationState: state } },
    );
    const result = await registerRaw(endpoint, 'localhost', device, '2018-04-01');
    expect(result.registrationState).toEqual(state);
    expect(seen.map(({ url }) => url.split('?')[1])).toEqual(['api-version=2018-04-01', 'api-version=2018-04-01']);
  });

  it('throws what the service refuses', async () => {
    replies.push({ status: 400, body: { errorCode: 400004 } });
    await expect(registerRaw(endpoint, 'localhost', device, 'never')).rejects.toThrow('400: {"errorCode":400004}');
  });

  it('reports its properties to its hub, by a token of its own', async () => {
    replies.push({ status: 204 });
    await reportProperties(endpoint, hub, 'dev-1', key, { firmware: '1.2' });
    expect(seen[0]).toMatchObject({ method: 'PATCH', host: `${hub}:${endpoint.port}`, body: { firmware: '1.2' } });
    expect(parseSasToken(seen[0]?.authorization ?? '')).toMatchObject({
      token: { resource: `${hub}/devices/dev-1`, keyName: '' },
    });
  });
});

describe('the service SDK', () => {
  it('speaks to the endpoint', async () => {
    replies.push({ status: 200, body: { enrollmentGroupId: 'g-1', etag: '"1"' } });
    const { responseBody } = await serviceClient(endpoint, connectionString('localhost')).getEnrollmentGroup('g-1');
    expect(responseBody.enrollmentGroupId).toBe('g-1');
    expect(parseSasToken(seen[0]?.authorization ?? '')).toMatchObject({ token: { resource: 'localhost', keyName: 'owner' } });
  });

  it('runs bulk operations', async () => {
    const client = serviceClient(endpoint, connectionString('localhost'));
    const operation = { mode: 'create', enrollments: [] } as const;
    replies.push({ status: 200, body: { isSuccessful: true, errors: [] } }, { status: 400, body: { errorCode: 400004 } });
    expect(await runBulk(client, { ...operation, enrollments: [] })).toMatchObject({ isSuccessful: true });
    await expect(runBulk(client, { ...operation, enrollments: [] })).rejects.toThrow();
  });

  it('reads every page of a query once', async () => {
    const page = (id: string, token?: string): Reply => ({
      status: 200,
      body: [{ registrationId: id }],
      ...(token === undefined ? {} : { headers: { 'x-ms-continuation': token } }),
    });
    replies.push(page('a', 'one'), page('b', 'two'), page('c'));
    const query = serviceClient(endpoint, connectionString('localhost')).createIndividualEnrollmentQuery({ query: '*' }, 1);
    const pages = await queryPages(query);
    expect(pages.flat()).toEqual([{ registrationId: 'a' }, { registrationId: 'b' }, { registrationId: 'c' }]);
    expect(seen).toHaveLength(3);
  });
});

it('the hub SDK speaks to a hub by its name', async () => {
  replies.push({ status: 200, body: { deviceId: 'dev-1', tags: { site: 'north' }, properties: { desired: {}, reported: {} } } });
  const { responseBody } = await hubRegistry(endpoint, connectionString(hub)).getTwin('dev-1');
  expect(responseBody.tags).toEqual({ site: 'north' });
  expect(parseSasToken(seen[0]?.authorization ?? '')).toMatchObject({ token: { resource: hub } });
});

it('a raw call sends what it is told and shows the whole answer', async () => {
  replies.push({ status: 418, headers: { 'x-ms-request-id': 'r' }, body: { odd: true } }, { status: 204 });
  const answered = await call(endpoint, {
    method: 'POST',
    host: 'localhost',
    path: '/x',
    headers: { authorization: 'Bearer t' },
    body: '{}',
  });
  expect(answered).toMatchObject({ status: 418, headers: { 'x-ms-request-id': 'r' } });
  expect(answered.json()).toEqual({ odd: true });
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/x', authorization: 'Bearer t', body: {} });
  const empty = await call(endpoint, { method: 'DELETE', host: 'localhost', path: '/x' });
  expect(() => empty.json()).toThrow(SyntaxError);
});

it('keys and names are what other parties compute', () => {
  const groupKey = '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==';
  const expected = 'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=';
  expect(deviceKeyOf(groupKey, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6')).toBe(expected);
  expect(hostNameIn(connectionString(hub))).toBe(hub);
});
