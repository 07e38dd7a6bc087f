import { Device, DeviceCalls, memberOf } from '@test/support/device-calls';
import { FeedConnection, ofEvents } from '@test/support/feed-reader';
import { RunningService, startService } from '@test/support/running-service';
import { readStoredLogs } from '@test/support/stored-logs';
import { until } from '@test/support/until';

const READERS_MAX = 2;
const SLOW_READER_MS = 500;
/** More than what lies in the buffers of both ends of a connection, in events as large as a registration can make them. */
const DEVICES = 200;
const PAYLOAD_CHARACTERS = 80_000;
const DEVICES_AT_ONCE = 10;

let service: RunningService;
let calls: DeviceCalls;
let groupKey: string;

beforeAll(async () => {
  service = await startService({
    REHOME_LOG_LEVEL: 'warn',
    REHOME_FEED_READERS_MAX: String(READERS_MAX),
    REHOME_FEED_REPLAYS_MAX: '1',
    REHOME_FEED_SLOW_READER_MS: String(SLOW_READER_MS),
  });
  calls = new DeviceCalls(service);
  groupKey = await calls.enrollGroup('large', { iotHubs: [service.hubs[0]], allocationPolicy: 'static' });
  const payload = { text: 'x'.repeat(PAYLOAD_CHARACTERS) };
  for (let first = 0; first < DEVICES; first += DEVICES_AT_ONCE) {
    const ids = Array.from({ length: DEVICES_AT_ONCE }, (_, index) => `large-${first + index}`);
    await Promise.all(ids.map((id) => calls.register(member(id), { body: { registrationId: id, payload } })));
  }
});
afterAll(() => service.close());

const member = (registrationId: string): Device => memberOf(groupKey, registrationId);

test('a reader that takes too little is cut off, and misses nothing when it comes back with its place', async () => {
  const slow = await FeedConnection.open(service, '?from=start');
  slow.stall();
  expect(await service.logLine('a reader of the feed took nothing in time and was cut off')).toContain('"position"');
  slow.resume();
  await slow.ended;
  const { service: stored } = await readStoredLogs(service.dataDir);
  const before = ofEvents(slow.messages).map(({ id }) => id);
  expect(before.length).toBeLessThan(stored.length);
  const again = await FeedConnection.open(service, '', slow.parser.lastEventId ?? 'start');
  await until('the rest has come', () => before.length + again.messages.length >= stored.length);
  again.cut();
  expect([...before, ...again.messages.map(({ id }) => id)]).toEqual(stored.map(({ position }) => position));
});

test('one more reader than may is answered 503, and may come when another has gone', async () => {
  const open = await Promise.all(Array.from({ length: READERS_MAX }, () => FeedConnection.open(service, '')));
  for (const path of ['/feed', '/feed?from=start']) {
    const refused = await service.manage('GET', path);
    const { status, headers } = refused;
    expect([status, headers['retry-after'], headers['content-type']]).toEqual([
      503,
      '1',
      'application/problem+json; charset=utf-8',
    ]);
    const detail = `${READERS_MAX} readers have the feed open already.`;
    expect(refused.json()).toMatchObject({ type: 'urn:rehome:problem:unavailable', detail });
  }
  open[0]?.cut();
  const again = await firstAdmitted('');
  for (const connection of [...open, again]) connection.cut();
});

test('one more replay than may is answered 503', async () => {
  const replaying = await FeedConnection.open(service, '/replay');
  replaying.stall();
  expect((await service.manage('GET', '/feed/replay')).status).toBe(503);
  replaying.cut();
  (await firstAdmitted('/replay')).cut();
});

/** The service notices a little later that a reader has gone. */
async function firstAdmitted(query: string): Promise<FeedConnection> {
  for (;;) {
    const connection = await FeedConnection.open(service, query);
    if (connection.answer.statusCode === 200) return connection;
    connection.cut();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
