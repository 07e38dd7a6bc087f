import { EventStore, InMemoryEventStore } from '@app/event-sourcing';
import { Registry } from 'azure-iothub';
import { HUB_B, HubServer, startHubServer } from './testing/hub-server';

let store: EventStore;
let server: HubServer;
let registry: Registry;

beforeAll(async () => {
  store = new InMemoryEventStore();
  server = await startHubServer(store);
  registry = server.registry();
});
afterAll(async () => {
  await server.close();
  await store.close();
});

interface Identity {
  readonly deviceId: string;
  readonly generationId: string;
  readonly etag: string;
  readonly status: string;
  readonly statusReason: string | null;
  readonly statusUpdatedTime: string;
  readonly authentication: {
    readonly type: string;
    readonly symmetricKey: { readonly primaryKey: string; readonly secondaryKey: string };
    readonly x509Thumbprint: { readonly primaryThumbprint: string | null };
  };
  readonly capabilities: { readonly iotEdge: boolean };
}
const identity = async (deviceId: string): Promise<Identity> =>
  (await registry.get(deviceId)).responseBody as unknown as Identity;

interface TwinBody {
  readonly etag: string;
  readonly version: number;
  readonly tags: Record<string, unknown>;
  readonly properties: { readonly desired: Record<string, unknown>; readonly reported: Record<string, unknown> };
}
const twin = async (deviceId: string): Promise<TwinBody> =>
  (await registry.getTwin(deviceId)).responseBody as unknown as TwinBody;

describe('identities, by the unmodified azure-iothub Registry', () => {
  it('are created, read, updated and deleted', async () => {
    await registry.create({ deviceId: 'Dev_1', status: 'enabled' });
    const created = await identity('Dev_1');
    expect(created).toMatchObject({ deviceId: 'Dev_1', status: 'enabled', capabilities: { iotEdge: false } });
    expect(Buffer.from(created.authentication.symmetricKey.primaryKey, 'base64')).toHaveLength(64);

    await registry.update({ deviceId: 'Dev_1', status: 'disabled', statusReason: 'testing' });
    const updated = await identity('Dev_1');
    expect(updated).toMatchObject({ status: 'disabled', statusReason: 'testing', generationId: created.generationId });
    expect(updated.authentication).toEqual(created.authentication);
    expect(updated.etag).not.toBe(created.etag);
    expect(Date.parse(updated.statusUpdatedTime)).toBeGreaterThan(Date.now() - 60_000);

    await registry.delete('Dev_1');
    await expect(registry.get('Dev_1')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  it('keep keys and thumbprints that are given', async () => {
    const symmetricKey = {
      primaryKey: Buffer.alloc(32, 1).toString('base64'),
      secondaryKey: Buffer.alloc(32, 2).toString('base64'),
    };
    await registry.create({ deviceId: 'keys', authentication: { symmetricKey } });
    expect((await identity('keys')).authentication).toMatchObject({ type: 'sas', symmetricKey });
    const x509Thumbprint = { primaryThumbprint: 'A'.repeat(40), secondaryThumbprint: 'B'.repeat(64) };
    await registry.create({ deviceId: 'thumbs', authentication: { x509Thumbprint } });
    expect((await identity('thumbs')).authentication).toMatchObject({ type: 'selfSigned', x509Thumbprint });
  });

  it('are told apart by case, by hub, and by every character an id may have', async () => {
    const ids = ['case', 'CASE', "A.b+%_#*?!(),:=@$'-", '%41', '...'];
    for (const deviceId of ids) await registry.create({ deviceId });
    for (const deviceId of ids) expect((await identity(deviceId)).deviceId).toBe(deviceId);
    expect(new Set(await Promise.all(ids.map(async (id) => (await identity(id)).generationId))).size).toBe(ids.length);
    await expect(server.registry(HUB_B).get('case')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  it('get a new generation when created again, and versions from 1', async () => {
    await registry.create({ deviceId: 'again' });
    const first = await identity('again');
    await registry.updateTwin('again', { tags: { a: 1 }, properties: { desired: { b: 2 } } }, '*');
    await registry.delete('again');
    await registry.create({ deviceId: 'again' });
    const second = await identity('again');
    expect(second.generationId).not.toBe(first.generationId);
    expect(second.etag).not.toBe(first.etag);
    expect(await twin('again')).toMatchObject({ tags: {}, version: 1, properties: { desired: { $version: 1 } } });
  });

  it('fail with the classes the SDK derives from the documented codes', async () => {
    await registry.create({ deviceId: 'there' });
    await expect(registry.create({ deviceId: 'there' })).rejects.toMatchObject({ name: 'DeviceAlreadyExistsError' });
    await expect(registry.create({ deviceId: 'no spaces' })).rejects.toMatchObject({ name: 'ArgumentError' });
    await expect(registry.delete('nobody')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
    await expect(registry.update({ deviceId: 'nobody' })).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
    await expect(registry.getTwin('nobody')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });
});

describe('lists, bulk operations and statistics', () => {
  it('give the devices of the hub in the order of their creation', async () => {
    const other = server.registry(HUB_B);
    for (const deviceId of ['b', 'a', 'c']) await other.create({ deviceId });
    await other.delete('b');
    await other.create({ deviceId: 'b' });
    await other.update({ deviceId: 'c', status: 'disabled' });
    const { responseBody } = await other.list();
    expect(responseBody.map(({ deviceId }) => deviceId)).toEqual(['a', 'c', 'b']);
    const statistics = await other.getRegistryStatistics();
    expect(statistics.responseBody).toEqual({ totalDeviceCount: 3, enabledDeviceCount: 2, disabledDeviceCount: 1 });
  });

  it('give all devices by query, page by page', async () => {
    const other = server.registry(HUB_B);
    const query = other.createQuery('SELECT * FROM devices', 2);
    const seen: string[] = [];
    while (query.hasMoreResults) {
      const page = await query.nextAsTwin();
      seen.push(...(page.result as unknown as { deviceId: string }[]).map(({ deviceId }) => deviceId));
    }
    expect(seen).toEqual(['a', 'c', 'b']);
  });

  it('answer conditions, and members instead of twins', async () => {
    const other = server.registry(HUB_B);
    await other.updateTwin('a', { tags: { floor: 2 }, properties: { desired: { mode: 'eco' } } }, '*');
    await other.updateTwin('c', { tags: { floor: 3 } }, '*');
    const idsOf = async (where: string): Promise<unknown[]> => {
      const query = other.createQuery(`SELECT deviceId, status FROM devices WHERE ${where}`);
      const page = (await query.next()) as { result: { deviceId: string }[] };
      return page.result.map(({ deviceId }) => deviceId);
    };
    expect(await idsOf('tags.floor >= 2')).toEqual(['a', 'c']);
    expect(await idsOf("tags.floor = 2 AND properties.desired.mode = 'eco'")).toEqual(['a']);
    expect(await idsOf("status = 'disabled'")).toEqual(['c']);
    expect(await idsOf("deviceId IN ['c', 'a', 'nobody']")).toEqual(['a', 'c']);
    const whole = (await other.createQuery("SELECT * FROM devices WHERE deviceId = 'a'").nextAsTwin()) as { result: unknown };
    expect(whole.result).toMatchObject([{ deviceId: 'a', tags: { floor: 2 } }]);
    const refused = other.createQuery('SELECT * FROM devices.jobs').nextAsTwin();
    await expect(refused).rejects.toMatchObject({ name: 'ArgumentError' });
  });

  it('create, update and delete many at once', async () => {
    const added = await registry.addDevices([{ deviceId: 'bulk-1' }, { deviceId: 'bulk-2' }]);
    expect(added.responseBody).toEqual({ isSuccessful: true, errors: [], warnings: [] });
    const disabled = { status: 'disabled' } as const;
    await registry.updateDevices(
      [
        { deviceId: 'bulk-1', ...disabled },
        { deviceId: 'bulk-2', ...disabled },
      ] as Parameters<Registry['updateDevices']>[0],
      true,
    );
    expect(await identity('bulk-1')).toMatchObject(disabled);
    await registry.removeDevices(
      [{ deviceId: 'bulk-1' }, { deviceId: 'bulk-2' }] as Parameters<Registry['removeDevices']>[0],
      true,
    );
    await expect(registry.get('bulk-2')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  it('say which of many were refused and do the others', async () => {
    await registry.create({ deviceId: 'bulk-3' });
    const refused = await registry.addDevices([{ deviceId: 'bulk-3' }, { deviceId: 'bulk-4' }]).catch((error: unknown) => error);
    expect(JSON.parse((refused as { responseBody: string }).responseBody)).toMatchObject({
      isSuccessful: false,
      errors: [{ deviceId: 'bulk-3', errorCode: 'DeviceAlreadyExists' }],
    });
    expect(await identity('bulk-4')).toMatchObject({ status: 'enabled' });
  });

  it('are refused as a whole when a device is named twice or too many are named', async () => {
    const item = { id: 'bulk-5', importMode: 'create' };
    expect((await server.send('POST', '/devices', { body: [item, item] })).text).toContain('DeviceDefinedMultipleTimes');
    const many = Array.from({ length: 101 }, (_, index) => ({ ...item, id: `many-${index}` }));
    expect((await server.send('POST', '/devices', { body: many })).text).toContain('ArgumentInvalid');
    await expect(registry.get('bulk-5')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
    await expect(registry.get('many-0')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });
});

describe('twins, by the unmodified azure-iothub Registry', () => {
  beforeAll(() => registry.create({ deviceId: 'twin-1' }));

  it('are patched as JSON merge patches, each section with its version and metadata', async () => {
    const before = await twin('twin-1');
    expect(before).toMatchObject({ tags: {}, version: 1, properties: { desired: { $version: 1 }, reported: { $version: 1 } } });
    await registry.updateTwin(
      'twin-1',
      { tags: { site: { floor: 1, room: 2 } }, properties: { desired: { a: 1, b: { c: 2, d: [1, null] } } } },
      '*',
    );
    await registry.updateTwin(
      'twin-1',
      { tags: { site: { room: null } }, properties: { desired: { a: null, b: { c: 3 } } } },
      '*',
    );
    const after = await twin('twin-1');
    expect(after).toMatchObject({ version: 3, tags: { site: { floor: 1 } } });
    const { $metadata, $version, ...values } = after.properties.desired;
    expect({ values, $version }).toEqual({ values: { b: { c: 3, d: [1, null] } }, $version: 3 });
    const instant: unknown = expect.stringMatching(/^\d{4}-.*Z$/);
    expect($metadata).toEqual({
      $lastUpdated: instant,
      $lastUpdatedVersion: 3,
      b: {
        $lastUpdated: instant,
        $lastUpdatedVersion: 3,
        c: { $lastUpdated: instant, $lastUpdatedVersion: 3 },
        d: { $lastUpdated: instant, $lastUpdatedVersion: 2 },
      },
    });
  });

  it('are replaced as a whole, and keep what the request does not mention', async () => {
    const { version } = await twin('twin-1');
    await server.send('PUT', '/twins/twin-1', { body: { properties: { desired: { only: true } } } });
    const after = await twin('twin-1');
    expect(after).toMatchObject({ version: version + 1, tags: { site: { floor: 1 } } });
    expect(Object.keys(after.properties.desired)).toEqual(['only', '$metadata', '$version']);
  });

  it('are written only by whoever knows the newest etag', async () => {
    const { etag } = await twin('twin-1');
    const write = (value: number): Promise<unknown> => registry.updateTwin('twin-1', { tags: { value } }, etag);
    const results = await Promise.allSettled([write(1), write(2), write(3)]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'InvalidEtagError' });
    }
    await expect(registry.updateTwin('twin-1', { tags: { value: 9 } }, 'abc')).rejects.toMatchObject({
      name: 'InvalidEtagError',
    });
  });

  it('do not change when nothing changes', async () => {
    await registry.updateTwin('twin-1', { tags: { same: 1 }, properties: { desired: { same: 1 } } }, '*');
    const before = await twin('twin-1');
    await registry.updateTwin('twin-1', { tags: { same: 1 }, properties: { desired: { same: 1, $version: 99 } } }, '*');
    expect(await twin('twin-1')).toEqual(before);
  });
});
