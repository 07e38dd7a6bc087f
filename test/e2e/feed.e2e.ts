import { spawnSync } from 'node:child_process';
import { Device, DeviceCalls, memberOf } from '@test/support/device-calls';
import { FeedConnection, FeedMessage, ofEvents } from '@test/support/feed-reader';
import { RunningService, startService } from '@test/support/running-service';
import { readStoredLogs } from '@test/support/stored-logs';
import { until } from '@test/support/until';

const DROPS = 50;
const DEVICES_AT_ONCE = 4;

let service: RunningService;
let calls: DeviceCalls;
let groupKey: string;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  calls = new DeviceCalls(service);
  groupKey = await calls.enrollGroup('feed', { iotHubs: [service.hubs[0]], allocationPolicy: 'static' });
});
afterAll(() => service.close());

const member = (registrationId: string): Device => memberOf(groupKey, registrationId);

test('across 50 forced drops while devices register nothing is lost, nothing comes twice, and the order is that of the log', async () => {
  const received: FeedMessage[] = [];
  let registering = true;
  let count = 0;
  const load = Array.from({ length: DEVICES_AT_ONCE }, async (_, lane) => {
    while (registering) await calls.register(member(`drop-${lane}-${count++}`));
  });
  let lastEventId: string | undefined;
  for (let drop = 0; drop < DROPS; drop++) {
    // Cut after a few messages, at a place that differs from drop to drop.
    const wanted = received.length + 1 + (drop % 7);
    const connection: FeedConnection = await FeedConnection.open(service, '?from=start', lastEventId, (message, cut) => {
      // What comes after the cut was on its way; a client whose connection is gone does not have it.
      if (received.length >= wanted) return;
      received.push(message);
      lastEventId = message.id;
      if (received.length >= wanted) cut();
    });
    await connection.ended;
  }
  registering = false;
  await Promise.all(load);
  const { service: stored } = await readStoredLogs(service.dataDir);
  const last = await FeedConnection.open(service, '?from=start', lastEventId, (message) => received.push(message));
  await until('all events have come', () => received.length >= stored.length);
  last.cut();
  expect(count).toBeGreaterThan(DROPS);
  expect(received.map(({ id }) => id)).toEqual(stored.map(({ position }) => position));
  expect(received.map(({ data }) => data.id)).toEqual(stored.map(({ id }) => id));
});

test('says each event as a CloudEvent, without secrets, and lets by what the filters ask for', async () => {
  const [hubA, hubB] = service.hubs;
  await calls.register(member('wanted'));
  await calls.register(member('other'));
  const byDevice = await FeedConnection.open(
    service,
    '?from=start&device=WANTED&type=AssignmentStarted&type=rehome.DeviceAssigned',
  );
  await until('both events have come', () => byDevice.messages.length === 2);
  const [started, assigned] = byDevice.messages;
  expect(started).toMatchObject({
    event: 'rehome.AssignmentStarted',
    data: { specversion: '1.0', subject: 'wanted', revision: '0', actorkind: 'device', data: { registrationId: 'wanted' } },
  });
  expect(assigned).toMatchObject({ event: 'rehome.DeviceAssigned', data: { data: { hub: hubA } } });
  const byHub = await FeedConnection.open(service, `?from=start&hub=${hubB}`);
  await until('the link of the hub has come', () => byHub.messages.length === 1);
  expect(byHub.messages[0]?.data.data).toMatchObject({ hub: { hostName: hubB, connectionString: 'withheld' } });
  for (const connection of [byDevice, byHub]) connection.cut();
});

test('begins at the end when nothing is said, and refuses what is no position of this log', async () => {
  const live = await FeedConnection.open(service, '?type=DeviceAssigned');
  await calls.register(member('live'));
  await until('the newest event has come', () => live.messages.length > 0);
  expect(live.messages.map(({ data }) => data.subject)).toEqual(['live']);
  live.cut();
  for (const from of ['999999999', '1:2', 'yesterday', '-1']) {
    expect([from, (await service.manage('GET', `/feed?from=${from}`)).status]).toEqual([from, 400]);
  }
  const headers = { 'last-event-id': '999999999' };
  expect((await service.manage('GET', '/feed', undefined, headers)).status).toBe(400);
  expect((await service.manage('GET', '/feed', undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
});

test('a reader that takes nothing is left behind alone', async () => {
  const slow = await FeedConnection.open(service, '?from=start');
  slow.stall();
  const quick = await FeedConnection.open(service, '?type=DeviceAssigned');
  await calls.register(member('while-one-is-slow'));
  await until('the other reader has the event', () => quick.messages.length === 1);
  for (const connection of [slow, quick]) connection.cut();
});

test('replays a range of time in order, and nothing happens at a hub', async () => {
  const before = await readStoredLogs(service.dataDir);
  const whole = await service.manage('GET', '/feed/replay');
  const lines = whole.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; time: string });
  expect(whole.headers['content-type']).toContain('application/x-ndjson');
  expect(lines.map(({ id }) => id)).toEqual(before.service.map(({ id }) => id));
  const since = lines[Math.floor(lines.length / 3)]?.time ?? '';
  const end = lines[Math.floor(lines.length / 2)]?.time ?? '';
  const part = await service.manage('GET', `/feed/replay?since=${since}&until=${end}&type=DeviceAssigned`);
  const expected = before.service.filter(
    ({ type, recordedAt }) => type === 'DeviceAssigned' && recordedAt >= since && recordedAt < end,
  );
  const ids = part.text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(ids).toEqual(expected.map(({ id }) => id));
  const after = await readStoredLogs(service.dataDir);
  expect(after.hubs).toHaveLength(before.hubs.length);
  expect((await service.manage('GET', `/feed/replay?since=${end}&until=${since}`)).status).toBe(400);
});

test('a stop ends the feed with a last message, and the next life goes on after it', async () => {
  const connection = await FeedConnection.open(service, '?from=start');
  await until('the past has come', () => connection.messages.length > 10);
  const stopped = service.process.stop();
  await connection.ended;
  expect(await stopped).toBe(0);
  expect(connection.messages.at(-1)).toMatchObject({ event: 'end', data: { reason: 'shutdown' } });
  const { lastEventId } = connection.parser;
  service = await service.restart();
  calls = new DeviceCalls(service);
  const again = await FeedConnection.open(service, '', lastEventId);
  await calls.register(member('after-the-stop'));
  await until('what came since has come', () => again.messages.some(({ data }) => data.subject === 'after-the-stop'));
  const ids = new Set(ofEvents(connection.messages).map(({ id }) => id));
  expect(again.messages.filter(({ id }) => ids.has(id))).toEqual([]);
  again.cut();
});

test.each([
  ['/openapi.json', 'scripts/lint-openapi.mjs'],
  ['/asyncapi.json', 'scripts/lint-asyncapi.mjs'],
])('%s as it is served is valid', async (path, program) => {
  const { text } = await service.manage('GET', path);
  // A process of its own, because the checkers are made of modules that do not load here.
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { input: text, encoding: 'utf8' });
  expect([stdout, stderr, status]).toEqual(['', '', 0]);
});
