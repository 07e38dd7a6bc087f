import { EventStore } from '@app/event-sourcing';
import { DeviceToPut, HubDevice } from '@app/hub-gateway';
import { PostgresEventStore } from '@app/postgres';
import { Answer, sasToken } from '@test/support/clients';
import { createTestDatabase, TestDatabase } from '@test/support/postgres';
import { errorCodeOf, HUB_A, HUB_B, HubServer, OWNER_KEY, startHubServer } from './testing/hub-server';

let database: TestDatabase;
let store: EventStore;
let server: HubServer;

beforeAll(async () => {
  database = await createTestDatabase();
  store = await PostgresEventStore.open({ config: database.config, schema: 'hub_events' });
  server = await startHubServer(store);
});
afterAll(async () => {
  await server.close();
  await store.close();
  await database.drop();
});

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const at = '2026-01-02T03:04:05.678Z';

const device = (deviceId: string): DeviceToPut => ({
  deviceId,
  status: 'disabled',
  statusReason: 'moving',
  credentials: { type: 'sas', primaryKey: key(1), secondaryKey: key(2) },
  iotEdge: true,
  twin: {
    tags: { ort: 'Köln', nested: { deep: [1, 'zwei', { drei: 3 }] } },
    desired: {
      values: { interval: 5 },
      version: 41,
      metadata: {
        $lastUpdated: at,
        $lastUpdatedVersion: 41,
        interval: { $lastUpdated: '2025-01-01T00:00:00Z', $lastUpdatedVersion: 7 },
      },
    },
    reported: {
      values: { firmware: '1.2 🚀' },
      version: 97,
      metadata: { $lastUpdated: at, firmware: { $lastUpdated: at } },
    },
  },
});

const path = (deviceId: string): string => `/rehome/devices/${encodeURIComponent(deviceId)}`;
const put = (body: DeviceToPut, headers: Record<string, string>, host = HUB_A): Promise<Answer> =>
  server.send('PUT', path(body.deviceId), { body, headers, host });
const absent = { 'if-none-match': '*' };
const ifMatch = (tag: string): { 'if-match': string } => ({ 'if-match': `"${tag}"` });
const read = async (deviceId: string, host = HUB_A): Promise<HubDevice> =>
  (await server.send('GET', path(deviceId), { host })).json() as HubDevice;

async function given(deviceId: string): Promise<HubDevice> {
  const answer = await put(device(deviceId), absent);
  expect(answer.status).toBe(200);
  return answer.json() as HubDevice;
}

describe('a device carried over as a whole', () => {
  it('stands there as it was sent, with versions, metadata and reported properties', async () => {
    const put = await given('whole');
    expect(put).toEqual({ ...device('whole'), modules: [], generationId: put.generationId, tag: '0' });
    const answer = await server.send('GET', path('whole'));
    expect(answer.json()).toEqual(put);
    expect(answer.headers.etag).toBe(`"${put.tag}"`);
    expect((await server.send('GET', '/twins/whole')).json()).toMatchObject({
      tags: device('whole').twin.tags,
      properties: { desired: { interval: 5, $version: 41 }, reported: { firmware: '1.2 🚀', $version: 97 } },
    });
  });

  it('goes from hub to hub without loss', async () => {
    await given('move');
    await server.send('PATCH', path('move'), { body: { status: 'enabled' }, headers: ifMatch('0') });
    const token = sasToken(`${HUB_A}/devices/move`, key(2));
    const reported = { body: { uptime: 7 }, authorization: token };
    expect((await server.send('PATCH', '/devices/move/properties/reported', reported)).status).toBe(204);
    const { generationId, tag, ...there } = await read('move');
    expect([there.twin.reported.version, tag]).toEqual([98, '2']);
    expect((await put(there as DeviceToPut, absent, HUB_B)).status).toBe(200);
    const arrived = await read('move', HUB_B);
    expect(arrived).toEqual({ ...there, generationId: arrived.generationId, tag: '0' });
    expect(arrived.generationId).not.toBe(generationId);
  });

  it('gets metadata when it comes without', async () => {
    const { twin, ...identity } = device('plain');
    const bare = { ...twin, desired: { ...twin.desired, metadata: null }, reported: { ...twin.reported, metadata: null } };
    const answer = (await put({ ...identity, twin: bare }, absent)).json() as HubDevice;
    expect(answer.twin.desired.metadata).toMatchObject({ $lastUpdatedVersion: 41, interval: { $lastUpdatedVersion: 41 } });
    expect(Object.keys(answer.twin.reported.metadata ?? {})).toEqual(['$lastUpdated', 'firmware']);
  });

  it('keeps its generation when it is written over, and gets a new one when it was deleted', async () => {
    const first = await given('over');
    const second = (await put({ ...device('over'), status: 'enabled' }, ifMatch(first.tag))).json() as HubDevice;
    expect(second).toEqual({ ...first, status: 'enabled', tag: '1' });
    expect((await server.send('DELETE', path('over'), { headers: ifMatch('1') })).status).toBe(204);
    const third = await given('over');
    expect(third.generationId).not.toBe(first.generationId);
    expect(third.tag).toBe('3');
  });

  it('is one event, and its keys are not in it', async () => {
    await given('event');
    const { events } = await store.readStream(`device-${HUB_A}/event`);
    expect(events.map(({ type }) => type)).toEqual(['DeviceImported']);
    expect(JSON.stringify(events, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      key(1),
    );
    expect(events[0]?.metadata).toMatchObject({ actor: { kind: 'operator', name: 'iothubowner' } });
  });
});

describe('conditions', () => {
  const changes: readonly (readonly [string, (deviceId: string) => Promise<Answer>])[] = [
    ['the identity', (id) => server.send('PUT', `/devices/${id}`, { body: { status: 'enabled' }, headers: ifMatch('*') })],
    ['tags', (id) => server.send('PATCH', `/twins/${id}`, { body: { tags: { a: 1 } } })],
    ['desired properties', (id) => server.send('PATCH', `/twins/${id}`, { body: { properties: { desired: { a: 1 } } } })],
  ];
  it.each(changes)('no longer hold after a change of %s', async (what, change) => {
    const deviceId = `stale-${what.replace(' ', '-')}`;
    const { tag } = await given(deviceId);
    expect((await change(deviceId)).status).toBe(200);
    const changed = await read(deviceId);
    const refused = [
      await put(device(deviceId), ifMatch(tag)),
      await server.send('PATCH', path(deviceId), { body: { status: 'disabled' }, headers: ifMatch(tag) }),
      await server.send('DELETE', path(deviceId), { headers: ifMatch(tag) }),
    ];
    expect(refused.map((answer) => [answer.status, errorCodeOf(answer)])).toEqual(Array(3).fill([412, 'PreconditionFailed']));
    expect(await read(deviceId)).toEqual(changed);
  });

  it('"absent" does not hold where a device is', async () => {
    const before = await given('there');
    const refused = await put(device('there'), absent);
    expect([refused.status, errorCodeOf(refused)]).toEqual([409, 'DeviceAlreadyExists']);
    expect(await read('there')).toEqual(before);
  });

  it('do not hold for a device that is not there', async () => {
    for (const answer of [
      await put(device('nobody'), ifMatch('0')),
      await server.send('PATCH', path('nobody'), { body: { status: 'disabled' }, headers: ifMatch('0') }),
      await server.send('DELETE', path('nobody'), { headers: ifMatch('0') }),
      await server.send('GET', path('nobody')),
    ]) {
      expect([answer.status, errorCodeOf(answer)]).toEqual([404, 'DeviceNotFound']);
    }
  });

  it('must be given', async () => {
    const { tag } = await given('unconditional');
    for (const answer of [
      await put(device('unconditional'), {}),
      await server.send('PATCH', path('unconditional'), { body: { status: 'enabled' } }),
      await server.send('DELETE', path('unconditional')),
    ]) {
      expect([answer.status, errorCodeOf(answer)]).toEqual([400, 'ArgumentNull']);
    }
    expect((await read('unconditional')).tag).toBe(tag);
  });

  it('let one of many writers win', async () => {
    const { tag } = await given('race');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        server.send('PATCH', path('race'), { body: { statusReason: `writer ${index}` }, headers: ifMatch(tag) }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(7).fill(412)]);
    const created = await Promise.all(Array.from({ length: 8 }, () => put(device('race-to-create'), absent)));
    expect(created.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(7).fill(409)]);
    expect((await read('race-to-create')).tag).toBe('0');
  });

  it('hold for a repeated write, which then changes nothing', async () => {
    const { tag } = await given('repeated');
    expect(((await put(device('repeated'), ifMatch(tag))).json() as HubDevice).tag).toBe(tag);
    const patch = { body: { status: 'disabled', credentials: device('repeated').credentials }, headers: ifMatch(tag) };
    expect(((await server.send('PATCH', path('repeated'), patch)).json() as HubDevice).tag).toBe(tag);
  });
});

describe('a restarted hub', () => {
  it('has everything it had', async () => {
    await given('kept');
    await server.send('PATCH', '/twins/kept', { body: { tags: { nested: { deep: null, other: 'ø' } } } });
    const before = await read('kept');
    const count = ((await server.send('GET', '/devices')).json() as unknown[]).length;
    const restarted = await startHubServer(store);
    try {
      expect((await restarted.send('GET', path('kept'))).json()).toEqual(before);
      expect((await restarted.send('GET', '/devices')).json()).toHaveLength(count);
      expect((await restarted.send('GET', path('nobody'))).status).toBe(404);
    } finally {
      await restarted.close();
    }
  });
});

describe('the extension', () => {
  it('says what it can to the owner alone', async () => {
    const capabilities = await server.send('GET', '/rehome/capabilities');
    expect([capabilities.status, capabilities.json()]).toEqual([200, { carriesWholeTwin: true }]);
    for (const policy of ['registryRead', 'service']) {
      const authorization = sasToken(HUB_A, OWNER_KEY, policy);
      expect((await server.send('GET', '/rehome/capabilities', { authorization })).status).toBe(401);
      expect((await server.send('GET', path('whole'), { authorization })).status).toBe(401);
    }
  });

  const valid = device('bad');
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['another device', device('other')],
    ['a version of 0', { ...valid, twin: { ...valid.twin, desired: { ...valid.twin.desired, version: 0 } } }],
    ['a version that is a text', { ...valid, twin: { ...valid.twin, reported: { ...valid.twin.reported, version: '1' } } }],
    ['tags that are a list', { ...valid, twin: { ...valid.twin, tags: [] } }],
    [
      'a bad key in reported properties',
      { ...valid, twin: { ...valid.twin, reported: { ...valid.twin.reported, values: { $a: 1 } } } },
    ],
    ['a key that is no base64', { ...valid, credentials: { type: 'sas', primaryKey: 'secret!', secondaryKey: key(2) } }],
    ['an unknown status', { ...valid, status: 'asleep' }],
    ['credentials of no kind', { ...valid, credentials: null }],
    ['no thumbprint', { ...valid, credentials: { type: 'selfSigned', primaryThumbprint: '', secondaryThumbprint: null } }],
    [
      'metadata that cannot be stored',
      { ...valid, twin: { ...valid.twin, desired: { ...valid.twin.desired, metadata: { a: [{ b: '\0' }] } } } },
    ],
    ['half of a character', { ...valid, statusReason: '\ud800' }],
  ])('refuses %s and stores nothing', async (_what, body) => {
    const answer = await server.send('PUT', path('bad'), { body, headers: absent });
    expect([answer.status, errorCodeOf(answer)]).toEqual([400, 'ArgumentInvalid']);
    expect(answer.text).not.toContain('secret!');
    expect((await store.readStream(`device-${HUB_A}/bad`)).exists).toBe(false);
  });
});
