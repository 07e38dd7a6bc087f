import { RawRequest, ServiceApi, startServiceApi } from '@test/support/service-api';
import { refusal } from '@test/support/service-api-checks';

const VERSION = 'api-version=2021-10-01';
const KEY = Buffer.alloc(32, 7).toString('base64');
const enrollment = (rest: object = {}): string =>
  JSON.stringify({ registrationId: 'edge-1', attestation: { type: 'symmetricKey' }, ...rest });

describe('the edge of the Service API', () => {
  let api: ServiceApi;
  beforeAll(async () => {
    api = await startServiceApi();
    await api.request('PUT', `/enrollments/kept-1?${VERSION}`, { body: enrollment({ registrationId: 'kept-1' }) });
  });
  afterAll(() => api.close());

  /** The documented error of a request, after which nothing has changed. */
  async function refused(method: string, path: string, options: RawRequest = {}) {
    const head = await api.store.headPosition();
    const { status, headers, text } = await api.request(method, path, options);
    const body = JSON.parse(text) as { errorCode: number; trackingId: string; message: string; timestampUtc: string };
    expect(headers['content-type']).toContain('application/json');
    expect(headers['x-ms-error-code']).toBe(String(body.errorCode));
    expect(headers['x-ms-request-id']).toBe(body.trackingId);
    expect(body.trackingId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(new Date(body.timestampUtc).toISOString()).toBe(body.timestampUtc);
    expect(Math.floor(body.errorCode / 1000)).toBe(status);
    expect(await api.store.headPosition()).toBe(head);
    return { errorCode: body.errorCode, message: body.message };
  }

  describe('refuses', () => {
    it.each<[string, string]>([
      ['no body', ''],
      ['no JSON', '{"registrationId"'],
      ['a list', '[]'],
      ['a text', '"edge-1"'],
      ['null', 'null'],
      ['no attestation', enrollment({ attestation: undefined })],
      ['null for the attestation', enrollment({ attestation: null })],
      ['a list of attestations', enrollment({ attestation: [{ type: 'symmetricKey' }] })],
      ['an unknown attestation', enrollment({ attestation: { type: 'none' } })],
      ['an attestation without type', enrollment({ attestation: { symmetricKey: {} } })],
      ['a list of keys', enrollment({ attestation: { type: 'symmetricKey', symmetricKey: [] } })],
      ['a short key', enrollment({ attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 'c2hvcnQ=' } } })],
      [
        'a long key',
        enrollment({ attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: Buffer.alloc(65).toString('base64') } } }),
      ],
      ['a key that is no base64', enrollment({ attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: `${KEY}!` } } })],
      ['a number for a key', enrollment({ attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 7 } } })],
      ['no certificate', enrollment({ attestation: { type: 'x509', x509: {} } })],
      [
        'a certificate that is none',
        enrollment({ attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: KEY } } } } }),
      ],
      ['a TPM key that is no base64', enrollment({ attestation: { type: 'tpm', tpm: { endorsementKey: 'ä' } } })],
      ['another id than in the path', enrollment({ registrationId: 'edge-2' })],
      ['no id', enrollment({ registrationId: undefined })],
      ['a number for an id', enrollment({ registrationId: 7 })],
      ['an unknown status', enrollment({ provisioningStatus: 'Enabled' })],
      ['an unknown allocation policy', enrollment({ allocationPolicy: 'random' })],
      ['a text for a truth value', enrollment({ capabilities: { iotEdge: 'true' } })],
      ['a text for half of the policy', enrollment({ reprovisionPolicy: { migrateDeviceData: 'no' } })],
      ['a list for the tags', enrollment({ initialTwin: { tags: [] } })],
      ['a text for the desired properties', enrollment({ initialTwin: { properties: { desired: 'x' } } })],
      ['an object for the hubs', enrollment({ iotHubs: { 0: 'hub-a' } })],
      ['numbers for hubs', enrollment({ iotHubs: [1] })],
      ['too many hubs', enrollment({ iotHubs: Array.from({ length: 51 }, (_, i) => `hub-${i}`) })],
      ['a webhook without address', enrollment({ customAllocationDefinition: { apiVersion: '2021-10-01' } })],
      [
        'a webhook of an old version',
        enrollment({ customAllocationDefinition: { webhookUrl: 'https://w', apiVersion: '2018-04-01' } }),
      ],
      ['a device id with a slash', enrollment({ deviceId: 'a/b' })],
      [
        'a reserved key',
        '{"registrationId":"edge-1","attestation":{"type":"symmetricKey"},"initialTwin":{"tags":{"__proto__":{}}}}',
      ],
      ['a null character', enrollment({ initialTwin: { tags: { a: '\0' } } })],
      ['a tower of objects', `{"registrationId":"edge-1","initialTwin":{"tags":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}}`],
      ['more than 96 KB', enrollment({ initialTwin: { tags: { a: 'x'.repeat(98_304) } } })],
    ])('%s', async (_what, body) => {
      const { errorCode, message } = await refused('PUT', `/enrollments/edge-1?${VERSION}`, { body });
      expect(errorCode).toBe(400004);
      expect(message).not.toContain(KEY);
      expect((await api.request('GET', `/enrollments/edge-1?${VERSION}`)).status).toBe(404);
    });

    it.each([
      ['GET', '/enrollments/edge-1', 400004],
      ['GET', '/enrollments/edge-1?api-version=2017-11-15', 400004],
      ['GET', '/enrollments/edge-1?api-version=2030-01-01', 400004],
      ['GET', `/enrollments/edge-1?${VERSION}&${VERSION}`, 400004],
      ['GET', `/enrollments/${'x'.repeat(129)}?${VERSION}`, 400004],
      ['GET', `/enrollments/a%2Fb?${VERSION}`, 400004],
      ['GET', `/enrollments/ends.with.?${VERSION}`, 400004],
      ['DELETE', `/enrollments/%00?${VERSION}`, 400004],
      ['GET', `/enrollments/%zz?${VERSION}`, 400004],
      ['GET', `/enrollments/edge-1?${VERSION}`, 404201],
      ['DELETE', `/enrollmentGroups/edge-1?${VERSION}`, 404201],
      ['POST', `/enrollmentGroups/edge-1/attestationmechanism?${VERSION}`, 404201],
      ['GET', `/nowhere?${VERSION}`, 404000],
      ['PATCH', `/enrollments/kept-1?${VERSION}`, 404000],
    ])('%s %s as %d', async (method, path, errorCode) => {
      expect(await refused(method, path)).toMatchObject({ errorCode });
    });

    it('queries of a wrong form', async () => {
      const query = (body: string, headers = {}) => refused('POST', `/enrollments/query?${VERSION}`, { body, headers });
      for (const body of ['{}', '{"query":7}', '']) expect(await query(body)).toMatchObject({ errorCode: 400004 });
      for (const count of ['0', '-1', 'ten', '1.5']) {
        expect(await query('{"query":"*"}', { 'x-ms-max-item-count': count })).toMatchObject({ errorCode: 400004 });
      }
      for (const continuation of ['nonsense', 'WyJhIl0', '{"a":1}']) {
        expect(await query('{"query":"*"}', { 'x-ms-continuation': continuation })).toMatchObject({ errorCode: 400004 });
      }
    });

    it('a broken document without repeating what is in it', async () => {
      const body = `{"registrationId":"edge-1","attestation":{"symmetricKey":{"primaryKey":"${KEY}" oops`;
      const { errorCode, message } = await refused('PUT', `/enrollments/edge-1?${VERSION}`, { body });
      expect(errorCode).toBe(400004);
      expect(message).not.toContain(KEY.slice(-8));
      const short = await refused('PUT', `/enrollments/edge-1?${VERSION}`, { body: 'hush' });
      expect(short.message).not.toContain('hush');
    });

    it('what is no JSON by its content type', async () => {
      const headers = { 'content-type': 'text/plain' };
      expect(await refused('PUT', `/enrollments/edge-1?${VERSION}`, { body: enrollment(), headers })).toMatchObject({
        errorCode: 415000,
      });
    });
  });

  describe('lets nobody in', () => {
    it.each<[string, string, string, string | null]>([
      ['without a token', 'GET', '/enrollments/kept-1', null],
      ['with an unknown policy', 'GET', '/enrollments/kept-1', 'nobody'],
      ['with other rights', 'GET', '/enrollments/kept-1', 'registrations'],
      ['to write with the right to read', 'PUT', '/enrollments/edge-1', 'reader'],
      ['to delete with the right to read', 'DELETE', '/enrollments/kept-1', 'reader'],
      ['to the keys with the right to read', 'POST', '/enrollments/kept-1/attestationmechanism', 'reader'],
      ['to bulk calls with the right to read', 'POST', '/enrollments', 'reader'],
      ['to queries with other rights', 'POST', '/enrollments/query', 'registrations'],
      ['to queries of groups without a token', 'POST', '/enrollmentGroups/query', null],
    ])('%s', async (_what, method, path, policy) => {
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: enrollment() };
      const answer = await refused(method, `${path}?${VERSION}`, { policy, ...body });
      expect(answer).toEqual({ errorCode: 401002, message: 'Unauthorized' });
    });

    it('and the SDK client knows the refusal for what it is', async () => {
      expect(await refusal(api.client('registrations').getIndividualEnrollment('kept-1'))).toMatchObject({
        name: 'UnauthorizedError',
      });
      expect((await api.client('reader').getIndividualEnrollment('kept-1')).responseBody.registrationId).toBe('kept-1');
    });
  });

  describe('takes what clients send', () => {
    const put = (path: string, options: RawRequest) => api.request('PUT', `${path}?${VERSION}`, options);

    it('routes in any case and with a trailing slash', async () => {
      for (const path of ['/ENROLLMENTS/kept-1', '/enrollments/kept-1/', '/Enrollments/KEPT-1']) {
        expect((await api.request('GET', `${path}?${VERSION}`)).status).toBe(200);
      }
      expect((await api.request('GET', '/enrollments/kept-1?api-version=2018-04-01')).status).toBe(200);
    });

    it('ids with a colon, raw and encoded', async () => {
      const body = enrollment({ registrationId: 'mac:00:11' });
      expect((await put('/enrollments/mac%3A00%3A11', { body })).status).toBe(200);
      expect((await api.request('GET', `/enrollments/mac:00:11?${VERSION}`)).status).toBe(200);
      expect((await api.request('DELETE', `/enrollments/MAC:00%3a11?${VERSION}`)).status).toBe(204);
    });

    it('empty keys as none, and members that only the service sets', async () => {
      const body = enrollment({
        registrationId: 'lax-1',
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: '', secondaryKey: null }, x509: null, tpm: null },
        etag: '',
        registrationState: { status: 'assigned' },
        createdDateTimeUtc: '2020-01-01T00:00:00Z',
        reprovisionPolicy: { migrateDeviceData: false },
        unknown: 1,
      });
      const answer = await put('/enrollments/lax-1', { body, headers: { 'content-encoding': 'utf-8' } });
      const created = JSON.parse(answer.text) as Record<string, unknown>;
      expect(created).toMatchObject({ reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false } });
      expect(created).not.toHaveProperty('registrationState');
      expect(created).not.toHaveProperty('unknown');
      expect(created.createdDateTimeUtc).not.toBe('2020-01-01T00:00:00Z');
    });

    it('calls without a body that name a content type, or none', async () => {
      for (const headers of [undefined, { 'content-type': 'application/json; charset=utf-8' }]) {
        const path = `/enrollments/kept-1/attestationmechanism/?${VERSION}`;
        expect((await api.request('POST', path, headers === undefined ? {} : { headers })).status).toBe(200);
      }
    });

    it('a DELETE without an answer', async () => {
      await put('/enrollments/short-1', { body: enrollment({ registrationId: 'short-1' }) });
      const answer = await api.request('DELETE', `/enrollments/short-1?${VERSION}`, { headers: { 'if-match': '*' } });
      expect(answer).toMatchObject({ status: 204, text: '' });
    });
  });
});
