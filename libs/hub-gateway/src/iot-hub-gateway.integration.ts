import { HubConflict, HubRefused } from './hub-gateway';
import { IotHubGateway, IotHubGatewayOptions } from './iot-hub-gateway';
import { FaultyServer } from './testing/faulty-server';
import { device, hostName, hub, openGateway } from './testing/fixtures';
import { SmallHub } from './testing/small-hub';

let server: FaultyServer;
let smallHub: SmallHub;
let gateway: IotHubGateway;

beforeAll(async () => {
  server = await FaultyServer.start([hostName, 'hub-b.localhost'], (request, response) => smallHub.handler(request, response));
});
afterAll(() => server.close());

function open(options: IotHubGatewayOptions = {}): IotHubGateway {
  return openGateway(server, options);
}

beforeEach(() => {
  smallHub = new SmallHub();
});
afterEach(async () => {
  await gateway.close();
  server.clear();
});

/** As `put`, but the server's memory of requests starts after it. */
async function given(): Promise<{ tag: string }> {
  const { tag } = await gateway.putDevice(hub, device, 'absent');
  server.clear();
  return { tag };
}

describe.each([
  ['by the extension', true],
  ['by the registry', false],
])('a hub reached %s', (_how, useExtension) => {
  beforeEach(() => {
    gateway = open({ useExtension });
  });

  it('says whether it carries the whole twin', async () => {
    expect(await gateway.carriesWholeTwin(hub)).toBe(useExtension);
  });

  it('gives back the device that was put there', async () => {
    const put = await gateway.putDevice(hub, device, 'absent');
    expect(put).toMatchObject({ deviceId: 'dev-1', status: 'disabled', statusReason: 'moving', iotEdge: false });
    expect(put.credentials).toEqual(device.credentials);
    expect(put.twin.tags).toEqual(device.twin.tags);
    expect(put.twin.desired.values).toMatchObject({ interval: 5 });
    expect(await gateway.readDevice(hub, 'dev-1')).toEqual(put);
  });

  it('does not have a device that nobody put there', async () => {
    expect(await gateway.readDevice(hub, 'dev-2')).toBeUndefined();
    expect(await gateway.deleteDevice(hub, 'dev-2', { tag: 'any' })).toBe(false);
    await expect(gateway.updateIdentity(hub, 'dev-2', { status: 'enabled' }, { tag: 'any' })).rejects.toThrow(HubConflict);
    await expect(gateway.putDevice(hub, { ...device, deviceId: 'dev-2' }, { tag: 'any' })).rejects.toThrow(HubConflict);
  });

  it('takes ids of every character a device id may have', async () => {
    for (const deviceId of ['a:b', "A.b+%_#*?!(),=@$'", '...']) {
      await gateway.putDevice(hub, { ...device, deviceId }, 'absent');
      expect((await gateway.readDevice(hub, deviceId))?.deviceId).toBe(deviceId);
    }
  });

  it.each(['', '.', '..'])('is not asked for the device "%s", whose path would lead elsewhere', async (deviceId) => {
    await expect(gateway.readDevice(hub, deviceId)).rejects.toMatchObject({ name: 'HubRefused', status: 400 });
    await expect(gateway.putDevice(hub, { ...device, deviceId }, 'absent')).rejects.toThrow(HubRefused);
    expect(server.requests).toEqual([]);
  });

  it('refuses a second device of the same id', async () => {
    await given();
    await expect(gateway.putDevice(hub, { ...device, statusReason: 'other' }, 'absent')).rejects.toThrow(HubConflict);
    // The same content is no excuse when no answer was lost.
    await expect(gateway.putDevice(hub, device, 'absent')).rejects.toThrow(HubConflict);
  });

  it('changes the identity and nothing else', async () => {
    const condition = await given();
    const updated = await gateway.updateIdentity(hub, 'dev-1', { status: 'enabled', statusReason: null }, condition);
    expect(updated).toMatchObject({ status: 'enabled', statusReason: null, credentials: device.credentials });
    expect(updated.twin.tags).toEqual(device.twin.tags);
    expect(updated.tag).not.toBe(condition.tag);
  });

  it('replaces the device as a whole, and keeps its generation', async () => {
    const condition = await given();
    const before = await gateway.readDevice(hub, 'dev-1');
    const twin = { ...device.twin, tags: { site: 'south' } };
    const put = await gateway.putDevice(hub, { ...device, status: 'enabled', twin }, condition);
    expect(put).toMatchObject({ status: 'enabled', generationId: before?.generationId });
    expect((await gateway.readDevice(hub, 'dev-1'))?.twin.tags).toEqual({ site: 'south' });
  });

  it('changes nothing under a tag that is not the latest', async () => {
    const condition = await given();
    smallHub.touch('dev-1');
    const there = smallHub.devices.get('dev-1');
    await expect(gateway.updateIdentity(hub, 'dev-1', { status: 'enabled' }, condition)).rejects.toThrow(HubConflict);
    await expect(gateway.putDevice(hub, device, condition)).rejects.toThrow(HubConflict);
    await expect(gateway.deleteDevice(hub, 'dev-1', condition)).rejects.toThrow(HubConflict);
    expect(smallHub.devices.get('dev-1')).toEqual(there);
  });

  it('deletes the device that was read', async () => {
    const condition = await given();
    expect(await gateway.deleteDevice(hub, 'dev-1', condition)).toBe(true);
    expect(await gateway.deleteDevice(hub, 'dev-1', condition)).toBe(false);
  });

  describe.each(['lost-after', 'silent', 'lost-before'] as const)('when the first attempt is %s', (fault) => {
    /** Runs a call whose first request of this method fails, and sees to it that it did. */
    async function withFault<T>(method: string, call: () => Promise<T>): Promise<T> {
      server.nextTo(method, fault);
      try {
        return await call();
      } finally {
        expect(server.faultsLeft).toBe(0);
      }
    }

    it('reads a device all the same', async () => {
      await given();
      expect((await withFault('GET', () => gateway.readDevice(hub, 'dev-1')))?.deviceId).toBe('dev-1');
    });

    it('knows its own new device', async () => {
      await gateway.carriesWholeTwin(hub);
      const put = await withFault('PUT', () => gateway.putDevice(hub, device, 'absent'));
      expect(put).toEqual(await gateway.readDevice(hub, 'dev-1'));
      expect(put).toMatchObject({ statusReason: 'moving', twin: { tags: device.twin.tags } });
    });

    it('knows its own replaced device', async () => {
      const condition = await given();
      const changed = { ...device, statusReason: 'changed', twin: { ...device.twin, tags: { site: 'south' } } };
      const put = await withFault('PUT', () => gateway.putDevice(hub, changed, condition));
      expect(put).toEqual(await gateway.readDevice(hub, 'dev-1'));
      expect(put).toMatchObject({ statusReason: 'changed', twin: { tags: { site: 'south' } } });
    });

    it('knows its own change of the identity', async () => {
      const condition = await given();
      const method = useExtension ? 'PATCH' : 'PUT';
      const updated = await withFault(method, () => gateway.updateIdentity(hub, 'dev-1', { status: 'enabled' }, condition));
      expect(updated).toEqual(await gateway.readDevice(hub, 'dev-1'));
      expect(updated.status).toBe('enabled');
    });

    it('knows its own deletion', async () => {
      const condition = await given();
      expect(await withFault('DELETE', () => gateway.deleteDevice(hub, 'dev-1', condition))).toBe(true);
      expect(await gateway.readDevice(hub, 'dev-1')).toBeUndefined();
    });

    it("does not take a stranger's device for its own", async () => {
      await gateway.putDevice(hub, { ...device, statusReason: 'somebody else' }, 'absent');
      await expect(withFault('PUT', () => gateway.putDevice(hub, device, 'absent'))).rejects.toThrow(HubConflict);
      expect(smallHub.devices.get('dev-1')?.statusReason).toBe('somebody else');
    });
  });

  it('is not mistaken: only DeviceNotFound means that the device is gone', async () => {
    await gateway.carriesWholeTwin(hub);
    const unknownHost = { status: 404, body: JSON.stringify({ Message: 'ErrorCode:IotHubNotFound;no such hub' }) };
    server.next(unknownHost, unknownHost);
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toMatchObject({ name: 'HubRefused', errorCode: 'IotHubNotFound' });
    await gateway.carriesWholeTwin(hub);
    server.next(unknownHost, unknownHost);
    await expect(gateway.deleteDevice(hub, 'dev-1', { tag: 'any' })).rejects.toThrow(HubRefused);
  });
});
