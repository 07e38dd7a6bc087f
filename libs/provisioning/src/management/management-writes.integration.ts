import { ManagementFixture, problemContentType, startManagement } from './testing/management-fixture';
import { Answer, TestApplication, connectionString, enroll } from './testing/test-application';

let fixture: ManagementFixture;
let application: TestApplication;
const api: ManagementFixture['api'] = (method, path, options) => fixture.api(method, path, options);
const link = (hub: string): Promise<Answer> => fixture.link(hub);

beforeAll(async () => {
  fixture = await startManagement();
  ({ application } = fixture);
});

afterAll(() => fixture.close());

describe('linked hubs', () => {
  test('are linked, read, changed and unlinked, and never show their connection string', async () => {
    const linked = await link('hub-c.localhost');
    const settings = { name: 'hub-c.localhost', location: '', allocationWeight: 1, applyAllocationPolicy: true };
    expect(linked).toMatchObject({
      status: 200,
      body: settings,
      headers: { 'x-rehome-position': expect.stringMatching(/^\d+$/) as string },
    });
    const changed = await api('PUT', 'linked-hubs/HUB-C.localhost', { body: { allocationWeight: 7, location: 'cellar' } });
    expect(changed).toMatchObject({ status: 200, body: { ...settings, location: 'cellar', allocationWeight: 7 } });
    const read = await api('GET', 'linked-hubs/hub-c.localhost');
    expect(read.body).toEqual(changed.body);
    expect(read.headers.etag).toBe(changed.headers.etag);
    const list = await api('GET', 'linked-hubs');
    expect(JSON.stringify([linked, changed, read, list])).not.toMatch(/SharedAccessKey|connectionString|sealed|fingerprint/);
    const removed = await api('DELETE', 'linked-hubs/hub-c.localhost');
    expect(removed).toMatchObject({ status: 204, body: {} });
    expect(removed.headers).toHaveProperty('x-rehome-position');
    expect((await api('GET', 'linked-hubs/hub-c.localhost')).status).toBe(404);
  });

  test('a PUT sent twice writes nothing the second time', async () => {
    const first = await link('hub-a.localhost');
    const before = await application.store.headPosition();
    const second = await link('hub-a.localhost');
    expect(second).toMatchObject({ status: 200, body: first.body, headers: { 'x-rehome-position': before } });
    expect(await application.store.headPosition()).toBe(before);
  });

  test('If-Match guards changes', async () => {
    const { headers } = await link('hub-d.localhost');
    const body = { allocationWeight: 5 };
    const stale = '"00000063-0000-0100-0000-000000000000"';
    const refused = await api('PUT', 'linked-hubs/hub-d.localhost', { body, headers: { 'if-match': stale } });
    expect(refused).toMatchObject({ status: 412, body: { type: 'urn:rehome:problem:hub-changed' } });
    expect((await api('DELETE', 'linked-hubs/hub-d.localhost', { headers: { 'if-match': stale } })).status).toBe(412);
    const taken = await api('PUT', 'linked-hubs/hub-d.localhost', { body, headers: { 'if-match': headers.etag ?? '' } });
    expect(taken).toMatchObject({ status: 200, body });
    expect((await api('PUT', 'linked-hubs/hub-x.localhost', { body, headers: { 'if-match': '*' } })).status).toBe(412);
    expect((await api('DELETE', 'linked-hubs/hub-d.localhost')).status).toBe(204);
    expect((await api('DELETE', 'linked-hubs/hub-d.localhost')).status).toBe(404);
  });

  test.each([
    ['no connection string on linking', 'hub-e.localhost', {}],
    ["another hub's connection string", 'hub-e.localhost', { connectionString: connectionString('hub-f.localhost') }],
    ['a connection string without a key', 'hub-e.localhost', { connectionString: 'HostName=hub-e.localhost' }],
    ['a weight of 0', 'hub-a.localhost', { allocationWeight: 0 }],
    ['a weight of 1001', 'hub-a.localhost', { allocationWeight: 1001 }],
    ['a weight that is text', 'hub-a.localhost', { allocationWeight: '5' }],
    ['an unknown member', 'hub-a.localhost', { weight: 5 }],
    ['another name', 'hub-a.localhost', { name: 'hub-b.localhost' }],
    ['a list', 'hub-a.localhost', []],
    ['no JSON', 'hub-a.localhost', '{"allocationWeight":'],
    ['no host name', 'hub%20a', { allocationWeight: 1 }],
  ])('%s is refused and changes nothing', async (_what, hub, body) => {
    const before = await application.store.headPosition();
    const refused = await api('PUT', `linked-hubs/${hub}`, { body });
    expect(refused).toMatchObject({ status: 400, headers: { 'content-type': problemContentType } });
    const trackingId = refused.headers['x-ms-request-id'];
    expect(refused.body).toMatchObject({ status: 400, trackingId, instance: `/api/v1/linked-hubs/${hub}` });
    expect(JSON.stringify(refused.body)).not.toContain('SharedAccessKey=');
    expect(await application.store.headPosition()).toBe(before);
  });

  test('too large a body is refused', async () => {
    const body = { connectionString: 'x'.repeat(100_000) };
    const refused = await api('PUT', 'linked-hubs/hub-a.localhost', { body });
    expect(refused).toMatchObject({ status: 413, body: { type: 'urn:rehome:problem:content-too-large' } });
  });
});

describe('reprovision policy', () => {
  const policy = { updateHubAssignment: true, migrateDeviceData: false };
  const path = 'enrollments/policy-device/reprovision-policy';

  test('is absent, saved, read, and absent again', async () => {
    await enroll(application, 'policy-device', 'hub-a.localhost');
    expect(await api('GET', path)).toMatchObject({ status: 404, body: { type: 'urn:rehome:problem:not-found' } });
    const saved = await api('PUT', path, { body: policy });
    expect(saved).toMatchObject({ status: 200, body: policy });
    const read = await api('GET', path);
    expect(read).toMatchObject({ status: 200, body: policy, headers: { etag: saved.headers.etag } });
    const unchanged = await api('GET', path, { headers: { 'if-none-match': read.headers.etag ?? '' } });
    expect(unchanged).toMatchObject({ status: 304, body: {} });
    const atLeast = saved.headers['x-rehome-position'] ?? '';
    const listed = await api('GET', `enrollments/policy-device?atLeast=${atLeast}`);
    expect(listed.body).toMatchObject({ id: 'policy-device', reprovisionPolicy: policy, etag: saved.headers.etag });
    expect(JSON.stringify(listed.body)).not.toMatch(/primaryKey|sealed/);
    expect((await api('DELETE', path)).status).toBe(204);
    expect((await api('GET', path)).status).toBe(404);
  });

  test('is guarded by If-Match and by its shape', async () => {
    await enroll(application, 'policy-device', 'hub-a.localhost');
    const stale = { 'if-match': '"000000ff-0000-0100-0000-000000000000"' };
    expect((await api('PUT', path, { body: policy, headers: stale })).status).toBe(412);
    for (const body of [{}, { updateHubAssignment: true }, { ...policy, updateHubAssignment: 'yes' }, { ...policy, extra: 1 }]) {
      expect(await api('PUT', path, { body })).toMatchObject({ status: 400, body: { errors: expect.any(Array) as unknown } });
    }
    expect((await api('PUT', 'enrollments/nobody/reprovision-policy', { body: policy })).status).toBe(404);
    expect((await api('PUT', 'enrollment-groups/nobody/reprovision-policy', { body: policy })).status).toBe(404);
  });
});
