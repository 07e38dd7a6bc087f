import { ManagementFixture, startManagement } from './testing/management-fixture';
import { Answer, TestApplication, ask, bearer } from './testing/test-application';

let fixture: ManagementFixture;
let application: TestApplication;
const api: ManagementFixture['api'] = (method, path, options) => fixture.api(method, path, options);

beforeAll(async () => {
  fixture = await startManagement();
  ({ application } = fixture);
});

afterAll(() => fixture.close());

describe('rights', () => {
  const body = { updateHubAssignment: true, migrateDeviceData: true };
  test.each([
    ['GET', 'linked-hubs', 'RegistrationStatusRead'],
    ['PUT', 'linked-hubs/hub-a.localhost', 'ServiceConfig'],
    ['DELETE', 'linked-hubs/hub-q.localhost', 'ServiceConfig'],
    ['GET', 'enrollments/e/reprovision-policy', 'EnrollmentRead'],
    ['PUT', 'enrollments/e/reprovision-policy', 'EnrollmentWrite'],
    ['DELETE', 'enrollment-groups/e/reprovision-policy', 'EnrollmentWrite'],
    ['GET', 'enrollments', 'EnrollmentRead'],
    ['GET', 'enrollment-groups', 'EnrollmentRead'],
    ['GET', 'devices', 'RegistrationStatusRead'],
    ['GET', 'hubs', 'RegistrationStatusRead'],
    ['GET', 'operations', 'RegistrationStatusRead'],
    ['GET', 'projections', 'RegistrationStatusRead'],
    ['GET', 'openapi.json', 'RegistrationStatusRead'],
    ['GET', 'nowhere', 'RegistrationStatusRead'],
  ] as const)('%s %s takes %s and nothing else', async (method, path, right) => {
    const options = method === 'PUT' ? { body: path.startsWith('linked') ? {} : body } : {};
    expect([401, 403]).not.toContain((await api(method, path, { ...options, authorization: bearer(right) })).status);
    const other = right === 'ServiceConfig' ? 'EnrollmentRead' : 'ServiceConfig';
    expect(await api(method, path, { ...options, authorization: bearer(other) })).toMatchObject({
      status: 403,
      body: { type: 'urn:rehome:problem:forbidden', detail: `This needs the right ${right}.` },
    });
    for (const authorization of [undefined, 'Bearer nothing', 'Basic YTpi']) {
      const refused = await api(method, path, { ...options, authorization });
      expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer, SharedAccessSignature' } });
      expect(refused.body).toMatchObject({
        title: 'Unauthorized',
        detail: 'The request carries no credential that grants this.',
      });
    }
  });
});

describe('health', () => {
  test('tells strangers one word, and operators the rest', async () => {
    const health = (path: string, authorization?: string): Promise<Answer> => ask(application, 'GET', path, { authorization });
    expect(await health('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect((await health('/readyz')).body).toEqual({ status: 'ok' });
    expect((await health('/readyz', 'Bearer nothing')).body).toEqual({ status: 'ok' });
    const told = await health('/readyz', bearer('ServiceConfig'));
    expect(told.body).toEqual({ status: 'ok', checks: [{ name: 'switch', ok: true, detail: 'the detail for operators' }] });
    application.health.ok = false;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await health('/readyz')).toMatchObject({ status: 503, body: { status: 'not ok' } });
    expect((await health('/livez')).status).toBe(200);
    application.health.ok = true;
  });
});
