import { setTimeout as sleep } from 'node:timers/promises';
import { FAILED_CALLS_MAX } from './circuit-breaker';
import { IotHubGateway } from './iot-hub-gateway';
import { FaultyServer } from './testing/faulty-server';
import { hostName, hub, openGateway } from './testing/fixtures';
import { SmallHub } from './testing/small-hub';

const WAIT_MS = 10_000;
const POLL_MS = 50;

let server: FaultyServer;
let gateway: IotHubGateway;
let reachable: boolean;

beforeAll(async () => {
  const smallHub = new SmallHub();
  server = await FaultyServer.start([hostName], (request, response) => {
    if (reachable) smallHub.handler(request, response);
    else request.socket.destroy();
  });
});
afterAll(() => server.close());

beforeEach(() => {
  reachable = true;
  gateway = openGateway(server);
});
afterEach(() => gateway.close());

async function failCalls(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await expect(gateway.readDevice(hub, 'dev-1')).rejects.toMatchObject({ name: 'HubUnreachable' });
  }
}

describe('a hub that does not answer', () => {
  it('counts as unreachable, costs nobody any time, and is found again without a call', async () => {
    expect(await gateway.readDevice(hub, 'dev-1')).toBeUndefined();
    expect([...gateway.unreachableHubs()]).toEqual([]);
    reachable = false;
    await failCalls(FAILED_CALLS_MAX);
    expect([...gateway.unreachableHubs()]).toEqual([hostName]);
    const requests = server.requests.length;
    await failCalls(5);
    expect(server.requests.length - requests).toBeLessThan(5);
    reachable = true;
    for (let waitedMs = 0; gateway.unreachableHubs().size > 0 && waitedMs < WAIT_MS; waitedMs += POLL_MS) await sleep(POLL_MS);
    expect([...gateway.unreachableHubs()]).toEqual([]);
    expect(await gateway.readDevice(hub, 'dev-1')).toBeUndefined();
  });

  it('is not one that refuses', async () => {
    server.next(...Array.from({ length: FAILED_CALLS_MAX + 1 }, () => ({ status: 403 })));
    for (let n = 0; n <= FAILED_CALLS_MAX; n++) {
      await expect(gateway.readDevice(hub, 'dev-1')).rejects.toMatchObject({ name: 'HubRefused' });
    }
    expect([...gateway.unreachableHubs()]).toEqual([]);
    server.clear();
  });
});
