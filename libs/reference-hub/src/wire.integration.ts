import { EventStore, InMemoryEventStore } from '@app/event-sourcing';
import { call, sasToken } from '@test/support/clients';
import { errorCodeOf, HUB_A, HubServer, OWNER_KEY, ownerToken, startHubServer } from './testing/hub-server';

let store: EventStore;
let server: HubServer;

beforeAll(async () => {
  store = new InMemoryEventStore();
  server = await startHubServer(store);
  expect((await server.send('PUT', '/devices/dev', { body: { deviceId: 'dev' } })).status).toBe(200);
});
afterAll(async () => {
  await server.close();
  await store.close();
});

const versioned = (path: string): string => `${path}?api-version=2021-04-12`;

describe('tolerance', () => {
  it.each([
    '/devices/dev',
    '/Devices/dev',
    '/DEVICES/dev/',
    '/twins/dev',
    '/Twins/dev/',
    '/devices/%64ev',
    '/devices/',
    '/devices',
  ])('finds %s', async (path) => {
    expect((await server.send('GET', path)).status).toBe(200);
  });

  it('takes a host name in any case and with a port', async () => {
    for (const host of [`${HUB_A}:${server.endpoint.port}`, 'HUB-A.localhost', `${HUB_A}.`]) {
      expect((await server.send('GET', '/devices/dev', { headers: { host } })).status).toBe(200);
    }
  });

  it('takes tokens for a part of the hub, whatever is encoded in them', async () => {
    for (const resource of ['HUB-A.localhost', `${HUB_A}/devices`, `${HUB_A}/Devices/dev`, `${HUB_A}/`]) {
      const authorization = sasToken(resource, OWNER_KEY, 'iothubowner');
      expect([resource, (await server.send('GET', '/devices/dev', { authorization })).status]).toEqual([resource, 200]);
    }
    const narrow = sasToken(`${HUB_A}/twins`, OWNER_KEY, 'iothubowner');
    expect((await server.send('GET', '/devices/dev', { authorization: narrow })).status).toBe(401);
  });

  it.each(['*', '"*"', 'W/"*"'])('takes If-Match: %s', async (etag) => {
    const answer = await server.send('PATCH', '/twins/dev', { body: { tags: {} }, headers: { 'if-match': etag } });
    expect(answer.status).toBe(200);
  });
});

describe('what is not there', () => {
  it('is another host', async () => {
    const answer = await server.send('GET', '/devices/dev', { headers: { host: 'hub-c.localhost' } });
    expect([answer.status, errorCodeOf(answer)]).toEqual([404, 'IotHubNotFound']);
  });

  it('is a route', async () => {
    const answer = await server.send('GET', '/jobs');
    expect([answer.status, errorCodeOf(answer)]).toEqual([404, 'InvalidOperation']);
  });

  it('is seen by nobody without a credential', async () => {
    expect((await server.send('GET', '/jobs', { authorization: null })).status).toBe(401);
    expect((await server.send('GET', '/devices/nobody', { authorization: null })).status).toBe(401);
  });
});

describe('api-version', () => {
  it.each(['', '?api-version=', '?api-version=latest', '?api-version=2021-04-12&api-version=2020-03-13'])(
    '"%s" is refused',
    async (query) => {
      const headers = { authorization: ownerToken() };
      const answer = await call(server.endpoint, { method: 'GET', host: HUB_A, path: `/devices/dev${query}`, headers });
      expect([answer.status, errorCodeOf(answer)]).toEqual([400, 'InvalidProtocolVersion']);
    },
  );

  it.each(['2020-09-30', '2018-08-30-preview'])('%s is taken', async (version) => {
    const headers = { authorization: ownerToken() };
    const path = `/devices/dev?api-version=${version}`;
    expect((await call(server.endpoint, { method: 'GET', host: HUB_A, path, headers })).status).toBe(200);
  });
});

describe('bad identities', () => {
  const longId = 'x'.repeat(129);
  it.each<[string, string, unknown]>([
    ['an id that is too long', longId, { deviceId: longId }],
    ['an id with a slash', 'a%2Fb', { deviceId: 'a/b' }],
    ['an id with a letter that is not ASCII', '%C3%A4', {}],
    ['two different ids', 'one', { deviceId: 'two' }],
    ['no object', 'one', ['one']],
    ['no body', 'one', undefined],
    ['an unknown status', 'one', { status: 'asleep' }],
    ['a reason that is too long', 'one', { statusReason: 'x'.repeat(129) }],
    ['a short key', 'one', { authentication: { symmetricKey: { primaryKey: 'AAAA' } } }],
    ['a thumbprint that is none', 'one', { authentication: { x509Thumbprint: { primaryThumbprint: 'zz' } } }],
    ['self-signed without a thumbprint', 'one', { authentication: { type: 'selfSigned' } }],
    ['an unknown kind of authentication', 'one', { authentication: { type: 'password' } }],
    ['a capability that is a text', 'one', { capabilities: { iotEdge: 'yes' } }],
  ])('%s: 400, nothing stored', async (_what, id, body) => {
    const before = await store.headPosition();
    const answer = await server.send('PUT', `/devices/${id}`, { body });
    expect([answer.status, errorCodeOf(answer)]).toEqual([400, 'ArgumentInvalid']);
    expect(await store.headPosition()).toBe(before);
  });

  it.each(['0', '-1', 'all', '1.5'])('top=%s is refused', async (top) => {
    expect(errorCodeOf(await server.send('GET', `/devices?top=${top}`))).toBe('ArgumentInvalid');
  });

  it('are not read in another form than JSON', async () => {
    const headers = { authorization: ownerToken(), 'content-type': 'application/xml' };
    const answer = await call(server.endpoint, {
      method: 'PUT',
      host: HUB_A,
      path: versioned('/devices/xml'),
      headers,
      body: '<a/>',
    });
    expect([answer.status, errorCodeOf(answer)]).toEqual([400, 'IotHubFormatError']);
  });
});

/** An object nested so many levels below the section's own. */
function nested(levels: number): object {
  return levels === 0 ? { value: 1 } : { level: nested(levels - 1) };
}
const texts = (count: number, bytes: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'x'.repeat(bytes - 2)]));

describe('limits of twins', () => {
  it.each<[string, object, number, string | undefined]>([
    ['tags of 8 KB', { tags: texts(8, 1024) }, 200, undefined],
    ['tags of 8 KB and 1 byte', { tags: { ...texts(8, 1024), k7: 'x'.repeat(1023) } }, 413, 'MessageTooLarge'],
    ['desired properties of 32 KB', { properties: { desired: texts(8, 4096) } }, 200, undefined],
    ['desired properties of more', { properties: { desired: { ...texts(8, 4096), n: true } } }, 413, 'MessageTooLarge'],
    ['depth 10', { tags: nested(10) }, 200, undefined],
    ['depth 11', { tags: nested(11) }, 400, 'ArgumentInvalid'],
    ['a list of lists too deep', { tags: { a: [[[[[[[[[[[1]]]]]]]]]]] } }, 400, 'ArgumentInvalid'],
    ['a key of 1 KB', { tags: { ['k'.repeat(1024)]: 1 } }, 200, undefined],
    ['a longer key', { tags: { ['k'.repeat(1025)]: 1 } }, 400, 'ArgumentInvalid'],
    ['a key with a space', { tags: { 'a b': 1 } }, 400, 'ArgumentInvalid'],
    ['a key with a dollar sign', { properties: { desired: { a$: 1 } } }, 400, 'ArgumentInvalid'],
    ['a key with a dot, deep down', { properties: { desired: { a: [{ 'b.c': 1 }] } } }, 400, 'ArgumentInvalid'],
    ['a key with a control character', { tags: { 'a\u0007': 1 } }, 400, 'ArgumentInvalid'],
    ['an empty key', { tags: { '': 1 } }, 400, 'ArgumentInvalid'],
    ['a text of 4 KB', { tags: { a: 'é'.repeat(2048) } }, 200, undefined],
    ['a longer text', { tags: { a: `${'é'.repeat(2048)}x` } }, 400, 'ArgumentInvalid'],
    ['a text with U+0000', { tags: { a: 'a\0b' } }, 400, 'ArgumentInvalid'],
    ['the smallest integer', { tags: { a: -4503599627370496 } }, 200, undefined],
    ['a smaller one', { tags: { a: -4503599627370497 } }, 400, 'ArgumentInvalid'],
    ['the largest integer', { tags: { a: 4503599627370495 } }, 200, undefined],
    ['a larger one', { tags: { a: 4503599627370496 } }, 400, 'ArgumentInvalid'],
    ['a fraction', { tags: { a: 0.1 } }, 200, undefined],
    ['tags that are a text', { tags: 'a' }, 400, 'ArgumentInvalid'],
    ['desired properties that are a list', { properties: { desired: [] } }, 400, 'ArgumentInvalid'],
  ])('%s', async (what, body, status, code) => {
    for (const method of ['PATCH', 'PUT']) {
      const deviceId = `limit-${method}-${Buffer.from(what).toString('hex').slice(0, 80)}`;
      await server.send('PUT', `/devices/${deviceId}`, { body: {} });
      const before = (await server.send('GET', `/twins/${deviceId}`)).text;
      const answer = await server.send(method, `/twins/${deviceId}`, { body });
      expect([method, answer.status]).toEqual([method, status]);
      if (code === undefined) continue;
      expect(errorCodeOf(answer)).toBe(code);
      expect((await server.send('GET', `/twins/${deviceId}`)).text).toBe(before);
    }
  });

  it('count what a patch would result in', async () => {
    await server.send('PATCH', '/twins/dev', { body: { tags: texts(8, 1024) } });
    const answer = await server.send('PATCH', '/twins/dev', { body: { tags: { another: 1 } } });
    expect([answer.status, errorCodeOf(answer)]).toEqual([413, 'MessageTooLarge']);
    expect((await server.send('PATCH', '/twins/dev', { body: { tags: { k0: null, another: 1 } } })).status).toBe(200);
  });

  it('pass over what only the hub writes', async () => {
    const before = (await server.send('GET', '/twins/dev')).text;
    const readOnly = { deviceId: 'x', version: 99, status: 'disabled', properties: { desired: { $version: 9, $metadata: {} } } };
    expect((await server.send('PATCH', '/twins/dev', { body: readOnly })).status).toBe(200);
    expect((await server.send('GET', '/twins/dev')).text).toBe(before);
  });
});
