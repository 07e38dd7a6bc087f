import { randomBytes } from 'node:crypto';
import { createSasToken, deriveDeviceKey } from '@app/attestation';
import { ManagementFixture, startManagement } from '../management/testing/management-fixture';
import { Answer, Ask, ID_SCOPE, ask, bearer } from '../management/testing/test-application';

let fixture: ManagementFixture;
const GROUP = 'Group-1';
const groupKey = randomBytes(32);
const service = (method: 'GET' | 'POST' | 'DELETE', path: string, options?: Ask): Promise<Answer> =>
  ask(fixture.application, method, `/registrations/${path}?api-version=2021-10-01`, options);

async function registerInGroup(registrationId: string): Promise<void> {
  const resource = `${ID_SCOPE}/registrations/${registrationId}`;
  const key = deriveDeviceKey(groupKey, registrationId);
  const authorization = createSasToken({ resource, key, keyName: 'registration', expiresAt: new Date(Date.now() + 3_600_000) });
  const url = `/${resource}/register?api-version=2019-03-31`;
  const answer = await ask(fixture.application, 'PUT', url, { authorization, body: { registrationId } });
  expect(answer).toMatchObject({ status: 202, body: { status: 'assigned' } });
}

beforeAll(async () => {
  fixture = await startManagement();
  const key = groupKey.toString('base64');
  const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } };
  const body = { enrollmentGroupId: GROUP, attestation };
  const url = `/enrollmentGroups/${GROUP}?api-version=2021-10-01`;
  expect((await ask(fixture.application, 'PUT', url, { body })).status).toBe(200);
  for (const id of ['Dev-1', 'Dev-2', 'Dev-3', 'Dev-4', 'Dev-5']) await registerInGroup(id);
});

afterAll(() => fixture.close());

test('a record is read from the log, without regard to case, without attestation', async () => {
  const { status, body } = await service('GET', 'DEV-1');
  expect([status, body]).toMatchObject([200, { registrationId: 'Dev-1', status: 'assigned', deviceId: 'Dev-1' }]);
  expect(body).not.toHaveProperty('symmetricKey');
  expect(await service('GET', 'nobody')).toMatchObject({ status: 404, body: { errorCode: 404201 } });
});

test('the records of a group come in pages, and each is what a read of it says', async () => {
  const query = { query: 'SELECT * FROM deviceRegistrations' };
  const first = await service('POST', `${GROUP.toUpperCase()}/query`, { body: query, headers: { 'x-ms-max-item-count': '3' } });
  expect(first).toMatchObject({ status: 200, headers: { 'x-ms-item-type': 'deviceRegistration', 'x-ms-max-item-count': '3' } });
  const continuation = first.headers['x-ms-continuation'] ?? '';
  const headers = { 'x-ms-max-item-count': '3', 'x-ms-continuation': continuation };
  const second = await service('POST', `${GROUP}/query`, { body: query, headers });
  expect(second.headers).not.toHaveProperty('x-ms-continuation');
  const states = [...Object.values(first.body), ...Object.values(second.body)] as { registrationId: string }[];
  expect(states.map(({ registrationId }) => registrationId)).toEqual(['Dev-1', 'Dev-2', 'Dev-3', 'Dev-4', 'Dev-5']);
  for (const state of states) expect((await service('GET', state.registrationId)).body).toEqual(state);
  const other = await service('POST', 'group-2/query', { body: query });
  expect(Object.values(other.body)).toEqual([]);
});

test.each([
  ['no query', { body: {} }],
  ['a query that is no text', { body: { query: 5 } }],
  ['a continuation that was not given out', { body: { query: '*' }, headers: { 'x-ms-continuation': 'abc' } }],
  ['a page size of 0', { body: { query: '*' }, headers: { 'x-ms-max-item-count': '0' } }],
])('%s is a bad request', async (_what, options) => {
  expect(await service('POST', `${GROUP}/query`, options)).toMatchObject({ status: 400, body: { errorCode: 400004 } });
});

test('a record is deleted at the version that was read, and then it is gone', async () => {
  const { body } = await service('GET', 'dev-5');
  const stale = { 'if-match': Buffer.from('"00000063-0000-0100-0000-000000000000"').toString('base64') };
  expect(await service('DELETE', 'dev-5', { headers: stale })).toMatchObject({ status: 412, body: { errorCode: 412001 } });
  expect((await service('DELETE', 'dev-5', { headers: { 'if-match': String(body.etag) } })).status).toBe(204);
  expect((await service('GET', 'dev-5')).status).toBe(404);
  expect(await service('DELETE', 'dev-5')).toMatchObject({ status: 404, body: { errorCode: 404201 } });
  const left = await service('POST', `${GROUP}/query`, { body: { query: '*' } });
  expect(Object.values(left.body)).toHaveLength(4);
});

test('each route takes its right', async () => {
  const read = { authorization: bearer('RegistrationStatusRead') };
  const write = { authorization: bearer('RegistrationStatusWrite') };
  expect((await service('GET', 'dev-1', read)).status).toBe(200);
  expect((await service('GET', 'dev-1', write)).status).toBe(403);
  expect((await service('DELETE', 'dev-1', read)).status).toBe(403);
  expect((await service('POST', `${GROUP}/query`, { ...write, body: { query: '*' } })).status).toBe(403);
  expect((await service('DELETE', 'dev-4', write)).status).toBe(204);
  expect(await service('GET', 'dev-1', { authorization: undefined })).toMatchObject({ status: 401, body: { errorCode: 401002 } });
});
