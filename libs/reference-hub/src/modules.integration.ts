import { InMemoryEventStore } from '@app/event-sourcing';
import { Registry } from 'azure-iothub';
import { sasToken } from '@test/support/clients';
import { errorCodeOf, HUB_A, HUB_B, HubServer, startHubServer } from './testing/hub-server';

let store: InMemoryEventStore;
let server: HubServer;
let registry: Registry;
const key = Buffer.alloc(32, 3).toString('base64');

beforeAll(async () => {
  store = new InMemoryEventStore();
  server = await startHubServer(store);
  registry = server.registry();
});
afterAll(async () => {
  await server.close();
  await store.close();
});

interface Whole {
  readonly tag: string;
  readonly modules: { readonly moduleId: string; readonly credentials: object; readonly twin: object }[];
}
const whole = async (deviceId: string, host = HUB_A): Promise<Whole> =>
  (await server.send('GET', `/rehome/devices/${deviceId}`, { host })).json() as Whole;

describe('modules of an edge device, by the unmodified service SDK', () => {
  beforeAll(async () => {
    const authentication = { symmetricKey: { primaryKey: key, secondaryKey: key } };
    await server.send('PUT', '/devices/edge', {
      body: { deviceId: 'edge', capabilities: { iotEdge: true }, authentication },
    });
  });

  it('are added, read, listed and updated', async () => {
    const added = await registry.addModule({ deviceId: 'edge', moduleId: 'camera', managedBy: 'IotEdge' });
    expect(added.responseBody).toMatchObject({ moduleId: 'camera', deviceId: 'edge', managedBy: 'IotEdge' });
    const { responseBody: found } = await registry.getModule('edge', 'camera');
    expect(found.authentication?.symmetricKey?.primaryKey).toMatch(/^[A-Za-z0-9+/]{86}==$/);
    await registry.addModule({ deviceId: 'edge', moduleId: '$edgeAgent' });
    const { responseBody: all } = await registry.getModulesOnDevice('edge');
    expect(all.map(({ moduleId }: { moduleId: string }) => moduleId)).toEqual(['$edgeAgent', 'camera']);
    await registry.updateModule({ ...found, managedBy: 'somebody' }, true);
    expect((await registry.getModule('edge', 'camera')).responseBody.managedBy).toBe('somebody');
  });

  it('have twins', async () => {
    const { responseBody: twin } = await registry.getModuleTwin('edge', 'camera');
    expect(twin).toMatchObject({ deviceId: 'edge', moduleId: 'camera', version: 1 });
    await registry.updateModuleTwin(
      'edge',
      'camera',
      { tags: { lens: 'wide' }, properties: { desired: { fps: 25 } } },
      twin.etag,
    );
    const report = await server.send('PATCH', '/devices/edge/modules/camera/properties/reported', {
      body: { heat: 40 },
      authorization: sasToken(`${HUB_A}/devices/edge`, key),
    });
    expect(report.status).toBe(204);
    expect((await registry.getModuleTwin('edge', 'camera')).responseBody).toMatchObject({
      tags: { lens: 'wide' },
      properties: { desired: { fps: 25, $version: 2 }, reported: { heat: 40, $version: 2 } },
    });
    const stale = registry.updateModuleTwin('edge', 'camera', { tags: { lens: 'tele' } }, 'AAAAAAAAAAE=');
    await expect(stale).rejects.toMatchObject({ name: 'InvalidEtagError' });
  });

  it('are refused twice, and where there is no device or no module', async () => {
    const again = await server.send('PUT', '/devices/edge/modules/camera', { body: { moduleId: 'camera' } });
    expect([again.status, errorCodeOf(again)]).toEqual([409, 'ModuleAlreadyExistsOnDevice']);
    const missing = await server.send('GET', '/twins/edge/modules/lidar');
    expect([missing.status, errorCodeOf(missing)]).toEqual([404, 'ModuleNotFound']);
    const nowhere = await server.send('PUT', '/devices/nobody/modules/camera', { body: { moduleId: 'camera' } });
    expect([nowhere.status, errorCodeOf(nowhere)]).toEqual([404, 'DeviceNotFound']);
  });

  it('are part of the whole device: its tag changes with them, and they arrive where it is put', async () => {
    const before = await whole('edge');
    await registry.updateModuleTwin('edge', 'camera', { tags: { lens: 'macro' } }, '*');
    const after = await whole('edge');
    expect(after.tag).not.toBe(before.tag);
    const put = await server.send('PUT', '/rehome/devices/edge', { host: HUB_B, body: after, headers: { 'if-none-match': '*' } });
    expect(put.status).toBe(200);
    const arrived = await whole('edge', HUB_B);
    const content = ({ modules }: Whole): unknown =>
      modules.map(({ moduleId, credentials, twin }) => ({ moduleId, credentials, twin }));
    expect(content(arrived)).toEqual(content(after));
    expect(after.modules.map(({ moduleId }) => moduleId)).toEqual(['$edgeAgent', 'camera']);
    const again = await server.send('PUT', '/rehome/devices/edge', {
      host: HUB_B,
      body: after,
      headers: { 'if-match': arrived.tag },
    });
    expect(again.json()).toEqual(arrived);
    const without = { ...after, modules: undefined };
    await server.send('PUT', '/rehome/devices/edge', { host: HUB_B, body: without, headers: { 'if-match': arrived.tag } });
    expect((await whole('edge', HUB_B)).modules).toEqual([]);
  });

  it('go when they are removed, and with their device', async () => {
    await registry.removeModule('edge', '$edgeAgent');
    expect((await whole('edge')).modules.map(({ moduleId }) => moduleId)).toEqual(['camera']);
    await registry.delete('edge');
    await registry.create({ deviceId: 'edge' });
    expect((await registry.getModulesOnDevice('edge')).responseBody).toEqual([]);
  });
});
