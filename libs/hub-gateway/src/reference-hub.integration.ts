import { generateSymmetricKey } from '@app/attestation';
import { InMemoryEventStore } from '@app/event-sourcing';
import { SecretBox } from '@app/platform';
import { createReferenceHub, hubRights, ReferenceHub } from '@app/reference-hub';
import { closeAgents, hubRegistry, reportProperties } from '@test/support/clients';
import { HubConflict, HubConnection, HubDevice, HubRefused } from './hub-gateway';
import { IotHubGateway } from './iot-hub-gateway';
import { Fault, FaultyServer } from './testing/faulty-server';
import { device as sample, openGateway } from './testing/fixtures';

const ownerKey = generateSymmetricKey();
const [a, b] = (['hub-a.localhost', 'hub-b.localhost'] as const).map((hostName): HubConnection => {
  const connectionString = `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${ownerKey}`;
  return { hostName, connectionString };
}) as [HubConnection, HubConnection];

let hubs: ReferenceHub;
let server: FaultyServer;
let gateway: IotHubGateway;
let devices = 0;

beforeAll(async () => {
  hubs = await createReferenceHub({
    store: new InMemoryEventStore(),
    secretBox: new SecretBox(Buffer.alloc(32, 1)),
    hubs: [a, b].map(({ hostName }) => ({ hostName, policies: [{ name: 'iothubowner', key: ownerKey, rights: hubRights }] })),
  });
  server = await FaultyServer.start([a.hostName, b.hostName, 'hub-z.localhost'], hubs.handler);
});
afterAll(async () => {
  closeAgents();
  await server.close();
  await hubs.close();
});
afterEach(async () => {
  await gateway.close();
  server.clear();
});

const endpoint = () => ({ port: server.port, ca: server.ca });

/** A device as it lives at hub a: with a desired property changed and a property reported, so that its versions are not 1. */
async function deviceAtHubA(): Promise<HubDevice> {
  const deviceId = `dev-${++devices}`;
  const section = { values: {}, version: 1, metadata: null };
  const twin = { tags: { site: 'north' }, desired: { ...section, values: { interval: 5 } }, reported: section };
  await gateway.putDevice(a, { ...sample, deviceId, status: 'enabled', statusReason: null, twin }, 'absent');
  await reportProperties(endpoint(), a.hostName, deviceId, keyOf(), { firmware: '1.2' });
  const registry = hubRegistry(endpoint(), a.connectionString);
  await registry.updateTwin(deviceId, { properties: { desired: { mode: 'auto' } } }, '*');
  const device = await gateway.readDevice(a, deviceId);
  if (device === undefined) throw new Error('the device is not there');
  return device;
}

function keyOf(): string {
  if (sample.credentials.type !== 'sas') throw new Error('the sample has no key');
  return sample.credentials.primaryKey;
}

/** A move as the process manager makes it: fence, place disabled, delete, enable. `around` wraps each of its calls. */
async function move(deviceId: string, around: <T>(step: () => Promise<T>) => Promise<T> = (step) => step()): Promise<HubDevice> {
  const read = await around(() => gateway.readDevice(a, deviceId));
  if (read === undefined) throw new Error('the device is not there');
  const fence = { status: 'disabled', statusReason: 'moving' } as const;
  const source = await around(() => gateway.updateIdentity(a, deviceId, fence, { tag: read.tag }));
  const { credentials, iotEdge, twin } = source;
  if (credentials === null) throw new Error('the device has no credentials');
  const placed = await around(() => gateway.putDevice(b, { deviceId, ...fence, credentials, iotEdge, twin }, 'absent'));
  expect(await around(() => gateway.deleteDevice(a, deviceId, { tag: source.tag }))).toBe(true);
  const { status, statusReason } = read;
  return around(() => gateway.updateIdentity(b, deviceId, { status, statusReason }, { tag: placed.tag }));
}

describe.each([
  ['the extension', true],
  ['the registry alone', false],
])('the reference hub by %s', (_how, useExtension) => {
  beforeEach(async () => {
    gateway = openGateway(server, { useExtension });
    // Known beforehand, so that a fault meets the call that a test means.
    await Promise.all([gateway.carriesWholeTwin(a), gateway.carriesWholeTwin(b)]);
  });

  function expectMoved(before: HubDevice, after: HubDevice | undefined): void {
    const { deviceId, status, statusReason, credentials, iotEdge, twin } = before;
    expect(after).toMatchObject({ deviceId, status, statusReason, credentials, iotEdge });
    expect(after?.twin.tags).toEqual(twin.tags);
    expect(after?.twin.desired.values).toEqual(twin.desired.values);
    if (useExtension) expect(after?.twin).toEqual(twin);
    else expect(after?.twin.reported.values).toEqual({});
  }

  it('moves a device with everything that it can carry', async () => {
    const before = await deviceAtHubA();
    expect(before.twin).toMatchObject({
      tags: { site: 'north' },
      desired: { values: { interval: 5, mode: 'auto' } },
      reported: { values: { firmware: '1.2' }, version: 2 },
    });
    const after = await move(before.deviceId);
    expectMoved(before, after);
    expect(after).toEqual(await gateway.readDevice(b, before.deviceId));
    expect(await gateway.readDevice(a, before.deviceId)).toBeUndefined();
    const { responseBody } = await hubRegistry(endpoint(), b.connectionString).getTwin(before.deviceId);
    expect(responseBody.tags).toEqual({ site: 'north' });
  });

  it.each([1, 2, 3, 4, 5])('moves a device all the same when call %s fails in any way', async (failing) => {
    for (const fault of ['lost-before', 'lost-after', { status: 503 }] satisfies Fault[]) {
      const before = await deviceAtHubA();
      let calls = 0;
      const after = await move(before.deviceId, (step) => {
        if (++calls === failing) server.next(fault);
        return step();
      });
      expect(server.faultsLeft).toBe(0);
      expectMoved(before, after);
      expect(await gateway.readDevice(a, before.deviceId)).toBeUndefined();
    }
  });

  it('does not delete a device that has reported since it was read', async () => {
    const { deviceId, tag } = await deviceAtHubA();
    await reportProperties(endpoint(), a.hostName, deviceId, keyOf(), { firmware: '1.3' });
    await expect(gateway.deleteDevice(a, deviceId, { tag })).rejects.toThrow(HubConflict);
    await expect(gateway.updateIdentity(a, deviceId, { status: 'disabled' }, { tag })).rejects.toThrow(HubConflict);
    expect(await gateway.readDevice(a, deviceId)).toMatchObject({ status: 'enabled', twin: { reported: { version: 3 } } });
  });

  it('does not delete a device whose tags have changed since it was read', async () => {
    const { deviceId, tag } = await deviceAtHubA();
    await hubRegistry(endpoint(), a.connectionString).updateTwin(deviceId, { tags: { site: 'south' } }, '*');
    await expect(gateway.deleteDevice(a, deviceId, { tag })).rejects.toThrow(HubConflict);
  });

  it('keeps a fenced device from writing', async () => {
    const { deviceId, tag } = await deviceAtHubA();
    await gateway.updateIdentity(a, deviceId, { status: 'disabled', statusReason: 'moving' }, { tag });
    await expect(reportProperties(endpoint(), a.hostName, deviceId, keyOf(), { firmware: '2' })).rejects.toThrow(/^401/);
  });

  it('replaces a device under its tag, and keeps its generation', async () => {
    const before = await deviceAtHubA();
    const twin = {
      ...before.twin,
      tags: { site: 'west' },
      desired: { ...before.twin.desired, values: { interval: 9 }, version: 7 },
    };
    const after = await gateway.putDevice(a, { ...sample, deviceId: before.deviceId, twin }, { tag: before.tag });
    expect(after).toMatchObject({ generationId: before.generationId, statusReason: 'moving' });
    expect(after.twin).toMatchObject({ tags: { site: 'west' }, desired: { values: { interval: 9 } } });
    await expect(gateway.putDevice(a, { ...sample, deviceId: before.deviceId, twin }, { tag: before.tag })).rejects.toThrow(
      HubConflict,
    );
  });

  it('refuses what breaks the rules of a twin, and leaves no half of a device behind', async () => {
    const deviceId = `dev-${++devices}`;
    const tags = { text: 'x'.repeat(5_000) };
    const put = gateway.putDevice(b, { ...sample, deviceId, twin: { ...sample.twin, tags } }, 'absent');
    await expect(put).rejects.toMatchObject({ name: 'HubRefused', errorCode: 'ArgumentInvalid' });
    expect(await gateway.readDevice(b, deviceId)).toBeUndefined();
  });

  it('is not mistaken for a hub without the device when it does not serve the host', async () => {
    const stranger = { hostName: 'hub-z.localhost', connectionString: a.connectionString.replace('hub-a', 'hub-z') };
    await expect(gateway.readDevice(stranger, 'dev-1')).rejects.toThrow(HubRefused);
    await expect(gateway.deleteDevice(stranger, 'dev-1', { tag: '1' })).rejects.toThrow(HubRefused);
  });

  it('refuses a caller with another key', async () => {
    const wrongKey = { ...a, connectionString: a.connectionString.replace(ownerKey, generateSymmetricKey()) };
    await expect(gateway.readDevice(wrongKey, 'dev-1')).rejects.toMatchObject({ name: 'HubRefused', status: 401 });
  });

  it('takes thumbprints for credentials', async () => {
    const deviceId = `dev-${++devices}`;
    const [primaryThumbprint, secondaryThumbprint] = ['A'.repeat(40), 'B'.repeat(40)];
    const credentials = { type: 'selfSigned', primaryThumbprint, secondaryThumbprint } as const;
    const put = await gateway.putDevice(a, { ...sample, deviceId, credentials }, 'absent');
    expect(put.credentials).toEqual(credentials);
  });
});
