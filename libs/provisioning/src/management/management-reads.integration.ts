import { ManagementFixture, problemContentType, startManagement } from './testing/management-fixture';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { tableName } from '../read-models/table-name';
import { Answer, TestApplication } from './testing/test-application';

let fixture: ManagementFixture;
let application: TestApplication;
const api: ManagementFixture['api'] = (method, path, options) => fixture.api(method, path, options);
const live = (id: string, ...hubs: readonly string[]): Promise<string> => fixture.live(id, ...hubs);

beforeAll(async () => {
  fixture = await startManagement();
  ({ application } = fixture);
});

afterAll(() => fixture.close());

describe('devices', () => {
  test('one that has moved: status, membership, twin and operations tell the same story', async () => {
    const atLeast = await live('mover', 'hub-a.localhost', 'hub-b.localhost');
    const device = await api('GET', `devices/MOVER?atLeast=${atLeast}`);
    expect(device.body).toMatchObject({ registrationId: 'mover', status: 'assigned', assignedHub: 'hub-b.localhost' });
    expect(device.body).toMatchObject({ membership: { hub: 'hub-b.localhost', from: 'hub-a.localhost' }, assigningForMs: null });
    const again = await api('GET', 'devices/mover', { headers: { 'if-none-match': device.headers.etag ?? '' } });
    expect(again.status).toBe(304);
    const twin = await api('GET', 'devices/mover/twin');
    expect(twin.body).toMatchObject({
      carried: { from: 'hub-a.localhost', to: 'hub-b.localhost' },
      lastKnown: { source: 'migrated' },
    });
    const operations = await api('GET', 'devices/mover/operations');
    const items = operations.body.items as { operationId: string; action: string }[];
    expect(items.map(({ action }) => action)).toEqual(['migrate', 'create']);
    const operation = await api('GET', `operations/${items[0]?.operationId ?? ''}`);
    expect(operation.body).toMatchObject({ registrationId: 'mover', grounds: { allocation: { chosen: 'hub-b.localhost' } } });
  });

  test('lists, with filters and pages', async () => {
    for (const id of ['list-1', 'list-2', 'list-3']) await live(id, 'hub-b.localhost');
    const atLeast = await application.store.headPosition();
    const first = await api('GET', `devices?idPrefix=list-&hub=hub-b.localhost&status=assigned&limit=2&atLeast=${atLeast}`);
    expect(first.body.items).toMatchObject([{ registrationId: 'list-1' }, { registrationId: 'list-2' }]);
    const cursor = first.body.nextCursor as string;
    const second = await api('GET', `devices?idPrefix=list-&hub=hub-b.localhost&status=assigned&limit=2&cursor=${cursor}`);
    expect(second.body).toMatchObject({ items: [{ registrationId: 'list-3' }], nextCursor: null });
    const counts = (await api('GET', 'hubs')).body.items as { hub: string; devices: number; linked: boolean }[];
    const devices = (await api('GET', 'hubs/hub-b.localhost/devices?limit=1000')).body.items as unknown[];
    expect(counts.find(({ hub }) => hub === 'hub-b.localhost')).toMatchObject({ devices: devices.length, linked: true });
  });

  test.each([
    'devices?status=lost',
    'devices?limit=0',
    'devices?limit=1001',
    'devices?limit=many',
    'devices?cursor=abc',
    'devices?cursor=%20',
    'devices?hub=a_b',
    'devices?changedSince=yesterday',
    'devices?changedSince=2026-13-01',
    'devices?changedSince=0000-01-01',
    'devices?atLeast=-1',
    'devices?atLeast=12:34',
    'devices?color=red',
    'devices?status=assigned&status=failed',
    'devices?enrollmentId=a&enrollmentGroupId=b',
    'devices?idPrefix=%00',
    'devices/%00',
    'devices/a%2Fb',
    'operations/%00',
    'operations?startedSince=2026-02-30T25:00:00Z',
    'hubs/%00/devices',
    'enrollments?attestationType=none',
  ])('%s is a bad request', async (path) => {
    const refused = await api('GET', path);
    expect(refused).toMatchObject({ status: 400, body: { title: 'Invalid request' } });
  });

  test('unknown things and unknown routes are problems as well', async () => {
    for (const path of [
      'devices/nobody',
      'devices/nobody/twin',
      'operations/none',
      'enrollments/nobody',
      'nowhere',
      'devices/a/b/c',
    ]) {
      const missing = await api('GET', path);
      expect(missing).toMatchObject({ status: 404, headers: { 'content-type': problemContentType } });
      expect(missing.body).toMatchObject({
        type: 'urn:rehome:problem:not-found',
        trackingId: missing.headers['x-ms-request-id'],
      });
    }
    expect((await api('POST', 'devices', { body: {} })).status).toBe(404);
  });
});

describe('reading own writes', () => {
  test('waits until the read model is there, and no longer than 5 seconds', async () => {
    const table = tableName(deviceStatusProjection);
    let waiting: Promise<Answer> | undefined;
    await fixture.readModels.hold(table, async () => {
      const position = await live('waited-for', 'hub-a.localhost');
      expect((await api('GET', 'devices/waited-for')).status).toBe(404);
      waiting = api('GET', `devices/waited-for?atLeast=${position}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    expect(await waiting).toMatchObject({ status: 200, body: { status: 'assigned' } });
    const beyond = String(BigInt(await application.store.headPosition()) + 1_000n);
    const started = Date.now();
    const late = await api('GET', `devices/waited-for?atLeast=${beyond}`);
    expect(late).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { type: 'urn:rehome:problem:read-model-behind' },
    });
    expect(Date.now() - started).toBeLessThan(7_000);
  }, 20_000);
});
