import { deviceKeyOf } from '@test/support/clients';
import { Device, DeviceCalls } from '@test/support/device-calls';
import { EventReceiver, outOfOrder } from '@test/support/event-receiver';
import { readStoredLogs } from '@test/support/stored-logs';
import { MortalService } from './mortal-service';

const SECRET = 'a secret of sixteen and more';
const ROUNDS = 4;
const LANES = 3;
const ROUND_MS = 700;
const DELIVERED_TIMEOUT_MS = 30_000;

const quiet = {
  REHOME_LOG_LEVEL: 'warn',
  REHOME_WEBHOOK_ALLOW_NETWORKS: '127.0.0.1',
  REHOME_WEBHOOK_RETRY_MS: '50',
};
const receiver = new EventReceiver(SECRET);
let mortal: MortalService;

afterAll(async () => {
  await mortal.close();
  await receiver.crash();
});

const pause = (timeMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, timeMs));

test('across kill -9 of the service and crashes of the receiver every event comes at least once, in order for each device', async () => {
  await receiver.open();
  mortal = await MortalService.start(quiet);
  const { current } = mortal;
  const key = await new DeviceCalls(current).enrollGroup('g', { iotHubs: [current.hubs[0]], allocationPolicy: 'static' });
  const body = { url: receiver.url, secret: SECRET, from: 'start' };
  expect((await current.manage('PUT', '/webhooks/all', body)).status).toBe(200);

  let registering = true;
  let count = 0;
  const lanes = Array.from({ length: LANES }, async () => {
    while (registering) {
      const registrationId = `d-${count++}`;
      const device: Device = { registrationId, key: deviceKeyOf(key, registrationId) };
      await mortal.answered('a registration', (service) => new DeviceCalls(service).put(device));
    }
  });
  let answers = 0;
  // Some calls are answered with an error, some not at all.
  receiver.answer = () => (++answers % 11 === 0 ? 503 : answers % 29 === 0 ? undefined : 204);
  for (let round = 0; round < ROUNDS; round++) {
    await pause(ROUND_MS);
    if (round % 2 === 0) {
      await mortal.killAndRestart();
      await receiver.crash();
      await pause(ROUND_MS / 2);
      await receiver.open();
    } else {
      await receiver.crash();
      await mortal.killAndRestart();
      await receiver.open();
    }
  }
  registering = false;
  await Promise.all(lanes);
  receiver.answer = () => 204;

  const { service: stored } = await readStoredLogs(mortal.current.dataDir);
  const missing = (): string[] => {
    const taken = new Set(receiver.taken.map(({ id }) => id));
    return stored.filter(({ id }) => !taken.has(id)).map(({ stream, type }) => `${stream} ${type}`);
  };
  const deadline = Date.now() + DELIVERED_TIMEOUT_MS;
  while (missing().length > 0 && Date.now() < deadline) await pause(50);
  expect(missing()).toEqual([]);
  expect(count).toBeGreaterThan(LANES * ROUNDS);
  expect(outOfOrder(receiver.taken)).toEqual([]);
  expect(receiver.taken.filter(({ isSigned }) => !isSigned)).toEqual([]);
  const state = (await mortal.current.manage('GET', '/webhooks/all')).json();
  expect(state).toMatchObject({ dead: 0, name: 'all' });
});
