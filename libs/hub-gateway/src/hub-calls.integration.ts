import { generateSymmetricKey, parseSasToken } from '@app/attestation';
import { HubRefused, HubUnreachable } from './hub-gateway';
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

describe('retries', () => {
  beforeEach(async () => {
    gateway = open();
    await gateway.carriesWholeTwin(hub);
    server.clear();
  });

  it.each([429, 500, 503, 408])('follow an answer of %s', async (status) => {
    server.next({ status });
    expect(await gateway.readDevice(hub, 'dev-1')).toBeUndefined();
    expect(server.requests).toHaveLength(2);
  });

  it.each([400, 401, 403, 404, 409, 413])('do not follow an answer of %s', async (status) => {
    server.next({ status });
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toMatchObject({ name: 'HubRefused', status });
    expect(server.requests).toHaveLength(1);
  });

  it('wait as long as the hub asks', async () => {
    server.next({ status: 429, headers: { 'retry-after': '1' } });
    const startedMs = Date.now();
    await gateway.readDevice(hub, 'dev-1');
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(990);
  });

  it('are not begun when the hub asks for more time than the call has', async () => {
    server.next({ status: 503, headers: { 'retry-after': '60' } });
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toThrow(/hub-a\.localhost could not be reached: HTTP 503/);
    expect(server.requests).toHaveLength(1);
  });

  it('end after five attempts, and are told to the log without secrets', async () => {
    const warn = jest.fn<undefined, [Record<string, unknown>, string]>();
    const own = open({ log: { warn } });
    server.next({ status: 500 }, { status: 500 }, { status: 500 }, { status: 500 }, { status: 500 });
    await expect(own.readDevice(hub, 'dev-1')).rejects.toThrow(HubUnreachable);
    await own.close();
    expect(server.requests).toHaveLength(5);
    expect(warn).toHaveBeenCalledTimes(5);
    expect(warn).toHaveBeenLastCalledWith(
      expect.objectContaining({ attempt: 5, spent: true, reason: 'HTTP 500' }),
      expect.anything(),
    );
    expect(JSON.stringify(warn.mock.calls)).not.toMatch(/sig=|SharedAccess/);
  });

  it('end with the time of the whole call when the hub is silent', async () => {
    const own = open({ limits: { attemptTimeoutMs: 100, callTimeoutMs: 250, backOffFirstMs: 5, backOffMaxMs: 5 } });
    server.next('silent', 'silent', 'silent', 'silent', 'silent');
    const startedMs = Date.now();
    await expect(own.carriesWholeTwin(hub)).rejects.toThrow(HubUnreachable);
    expect(Date.now() - startedMs).toBeLessThan(600);
    await own.close();
  });

  it('serve twenty calls at once through one bad moment', async () => {
    server.next(...Array.from({ length: 20 }, () => 'lost-before' as const));
    const reads = Array.from({ length: 20 }, (_, index) => gateway.readDevice(hub, `dev-${index}`));
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 20 }, () => undefined));
  });

  it('stop when the gateway is closed', async () => {
    const own = open({ limits: { backOffFirstMs: 60_000, backOffMaxMs: 60_000, callTimeoutMs: 120_000 } });
    server.next({ status: 503 });
    const call = own.carriesWholeTwin(hub);
    const refused = expect(call).rejects.toThrow(HubUnreachable);
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await own.close();
    await refused;
    await expect(own.readDevice(hub, 'dev-1')).rejects.toThrow(/closed/);
  });
});

describe('trust', () => {
  it('goes to the hubs whose certificate the authority signed, and to no other', async () => {
    gateway = new IotHubGateway({ portOf: () => server.port, limits: { attemptsMax: 1 } });
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toThrow(HubUnreachable);
    expect(server.requests).toEqual([]);
  });

  it('is bound to the name of the hub', async () => {
    gateway = open({ limits: { attemptsMax: 1 } });
    const stranger = { ...hub, hostName: 'hub-c.localhost' };
    await expect(gateway.readDevice(stranger, 'dev-1')).rejects.toThrow(HubUnreachable);
    expect(server.requests).toEqual([]);
  });
});

describe('what is sent', () => {
  beforeEach(() => {
    gateway = open();
  });

  it('is signed for the host by the policy of the connection string, once for many calls', async () => {
    await gateway.readDevice(hub, 'dev-1');
    await gateway.readDevice(hub, 'dev-2');
    expect(new Set(smallHub.authorizations).size).toBe(1);
    const parsed = parseSasToken(smallHub.authorizations[0] ?? '');
    expect(parsed).toMatchObject({ parsed: true, token: { resource: hostName, keyName: 'iothubowner' } });
  });

  it('is signed anew when the connection string changes', async () => {
    await gateway.readDevice(hub, 'dev-1');
    const { connectionString } = hub;
    await gateway.readDevice({ hostName, connectionString: connectionString.replace('iothubowner', 'registry') }, 'dev-1');
    expect(parseSasToken(smallHub.authorizations.at(-1) ?? '')).toMatchObject({ token: { keyName: 'registry' } });
  });

  it('is nothing when the connection string is none', async () => {
    const call = gateway.readDevice({ hostName, connectionString: 'SharedAccessKey=c2VjcmV0' }, 'dev-1');
    await expect(call).rejects.toMatchObject({ name: 'HubRefused', status: 401 });
    await expect(call).rejects.not.toThrow(/c2VjcmV0/);
    expect(server.requests).toEqual([]);
  });

  it('goes to the port that the hub has now', async () => {
    let port = 1;
    const own = open({ portOf: () => port, limits: { attemptsMax: 1 } });
    await expect(own.readDevice(hub, 'dev-1')).rejects.toThrow(HubUnreachable);
    port = server.port;
    expect(await own.readDevice(hub, 'dev-1')).toBeUndefined();
    await own.close();
  });

  it('goes to each hub by its own name', async () => {
    const other = { hostName: 'hub-b.localhost', connectionString: hub.connectionString.replace('hub-a', 'hub-b') };
    await gateway.readDevice(other, 'dev-1');
    expect(parseSasToken(smallHub.authorizations.at(-1) ?? '')).toMatchObject({ token: { resource: 'hub-b.localhost' } });
  });
});

describe('the extension', () => {
  beforeEach(() => {
    gateway = open();
  });

  it('is asked for once', async () => {
    await gateway.readDevice(hub, 'dev-1');
    await gateway.readDevice(hub, 'dev-1');
    expect(server.requests.filter((request) => request.endsWith('/capabilities'))).toHaveLength(1);
  });

  it('is done without where there is none', async () => {
    smallHub.extension = false;
    expect(await gateway.carriesWholeTwin(hub)).toBe(false);
    await gateway.putDevice(hub, device, 'absent');
    expect(await gateway.readDevice(hub, 'dev-1')).toMatchObject({ statusReason: 'moving' });
  });

  it('is asked for again after a refusal, so that a hub may lose it', async () => {
    await gateway.putDevice(hub, device, 'absent');
    smallHub.extension = false;
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toThrow(HubRefused);
    expect(await gateway.readDevice(hub, 'dev-1')).toMatchObject({ deviceId: 'dev-1' });
  });

  it('is not given up for a hub that refuses the caller', async () => {
    server.next({ status: 401 });
    await expect(gateway.carriesWholeTwin(hub)).rejects.toThrow(HubRefused);
    expect(await gateway.carriesWholeTwin(hub)).toBe(true);
  });
});

describe('an answer', () => {
  beforeEach(async () => {
    gateway = open();
    await gateway.carriesWholeTwin(hub);
  });

  it.each([
    ['is no JSON', '<html>'],
    ['is empty', ''],
    ['is another document', '{"deviceId":"dev-1"}'],
    ['is a list', '[]'],
  ])('that %s is a refusal', async (_what, body) => {
    server.next({ status: 200, body });
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toThrow(/is not understood/);
  });

  it('without end is cut off', async () => {
    const own = open({ limits: { attemptsMax: 1 } });
    server.next({ status: 200, body: 'x'.repeat(2_000_000) });
    await expect(own.carriesWholeTwin(hub)).rejects.toThrow(/larger than 1048576 bytes/);
    await own.close();
  });

  it('that quotes a key does not pass it on', async () => {
    const key = generateSymmetricKey();
    server.next({ status: 400, body: JSON.stringify({ Message: `ErrorCode:ArgumentInvalid;bad key ${key}` }) });
    const call = gateway.readDevice(hub, 'dev-1');
    await expect(call).rejects.toThrow('HTTP 400 ArgumentInvalid: bad key …');
  });
});
