import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { serverName, serverUrl, startServer, TestServer } from '@test/support/eventstoredb-peer/server';
import { FeedConnection, FeedMessage } from '@test/support/feed-reader';
import { RunningService, startService } from '@test/support/running-service';
import { AuditedEvent, allEvents, getOk, typesOf } from '@test/support/audit-reader';
import { moment, until } from '@test/support/until';

const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: true };
const initialTwin = { tags: { site: 'factory' } };

let server: TestServer;
let service: RunningService;
let calls: DeviceCalls;
let traveller: Enrolled;
/** When the device was at its first hub, and when it had moved. */
const moments = { settled: '', moved: '' };

async function verdict(): Promise<Record<string, unknown>> {
  const { text } = await service.manage('POST', '/audit/verify', { log: 'provisioning' });
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

describe(`the audit of a service whose log is in EventStoreDB, ${serverName}`, () => {
  beforeAll(async () => {
    server = await startServer();
    service = await startService({ REHOME_LOG_LEVEL: 'error', ESDB_URL: server.connectionString });
    calls = new DeviceCalls(service);
    const [first, second] = service.hubs;
    traveller = await calls.enroll({ initialTwin, reprovisionPolicy, iotHubs: [first] }, 'traveller');
    expect(await calls.register(traveller)).toMatchObject({ status: 'assigned' });
    moments.settled = await moment();
    await calls.enroll({ initialTwin, reprovisionPolicy, iotHubs: [second] }, 'traveller');
    expect(await calls.register(traveller)).toMatchObject({ registrationState: { assignedHub: second } });
    moments.moved = await moment();
    await service.caughtUp();
  });
  afterAll(() => service.close());
  afterAll(() => server.stop());

  test('histories have pages and filters, and one event its neighbours', async () => {
    const [first, second] = service.hubs;
    const life = await allEvents(service, '/devices/traveller/history?twin=false&order=asc');
    const move = ['AssignmentStarted', 'DeviceStatusRecorded', 'TwinMigrated', 'DeviceDeregistered', 'DeviceAssigned'];
    expect(typesOf(life)).toEqual(['AssignmentStarted', 'DeviceAssigned', ...move]);
    expect([...(await allEvents(service, '/devices/traveller/history?twin=false'))].reverse()).toEqual(life);
    expect((await allEvents(service, '/devices/traveller/history')).some(({ log }) => log === 'hubs')).toBe(true);
    const migrated = await allEvents(service, '/audit/events?type=TwinMigrated');
    expect(migrated).toMatchObject([{ data: { from: first, to: second, twin: { tags: { site: 'factory' } } } }]);
    expect(typesOf(await allEvents(service, '/audit/events?actor=device:traveller'))).toEqual([
      'AssignmentStarted',
      'AssignmentStarted',
    ]);
    const whole = await allEvents(service, '/audit/events?order=asc');
    const index = whole.findIndex(({ type }) => type === 'TwinMigrated');
    expect(await getOk(service, `/audit/events/${migrated[0]?.position ?? ''}`)).toMatchObject({
      inStream: { previous: { type: 'DeviceStatusRecorded' }, next: { type: 'DeviceDeregistered' } },
      inLog: { previous: { position: whole[index - 1]?.position }, next: { position: whole[index + 1]?.position } },
    });
    expect((await service.manage('GET', '/audit/events/4711:4711')).status).toBe(404);
    expect(await getOk<AuditedEvent[]>(service, '/audit/export?format=json')).toEqual(whole);
  });

  test('why it is where it is, where it was, and what lies between', async () => {
    const [first, second] = service.hubs;
    const { summary, sentences } = await getOk<{ summary: string; sentences: string[] }>(service, '/devices/traveller/why');
    expect(summary).toMatch(new RegExp(`^Device traveller is on ${second} because `));
    expect(sentences.join(' ')).toContain(`made the hubs it lists ${second}`);
    expect(await getOk(service, `/devices/traveller/why?at=${moments.settled}`)).toMatchObject({ facts: { hub: first } });
    expect(await getOk(service, `/devices/traveller?at=${moments.settled}`)).toMatchObject({
      assignedHub: first,
      asOf: { revision: '1' },
    });
    expect(await getOk(service, `/fleet?at=${moments.settled}`)).toMatchObject({
      devices: 1,
      hubs: [{ hub: first, devices: 1 }],
    });
    expect(await getOk(service, `/fleet/diff?from=${moments.settled}&to=${moments.moved}`)).toMatchObject({
      totals: { moved: 1, appeared: 0, removed: 0 },
      items: [{ registrationId: 'traveller', change: 'moved' }],
    });
  });

  test('the feed goes on after the last event id, whichever connection breaks and in the next life', async () => {
    const received: FeedMessage[] = [];
    const take = (message: FeedMessage): void => {
      if (message.event !== 'end') received.push(message);
    };
    const whole = (await allEvents(service, '/audit/events?order=asc')).map(({ position }) => position);
    const before = await FeedConnection.open(service, '?from=start', undefined, (message, cut) => {
      if (received.length < 5) take(message);
      if (received.length === 5) cut();
    });
    await before.ended;
    const between = await FeedConnection.open(service, '?from=start', received.at(-1)?.id, take);
    await until('the past has come', () => received.length >= whole.length);
    server.peer?.dropConnections();
    await calls.register(await calls.enroll({ iotHubs: [service.hubs[0]] }, 'newcomer'));
    await until('what comes has come', () =>
      received.some(({ event, data }) => event === 'rehome.DeviceAssigned' && data.subject === 'newcomer'),
    );
    await service.process.stop();
    await between.ended;
    service = await service.restart();
    calls = new DeviceCalls(service);
    const after = await FeedConnection.open(service, '', received.at(-1)?.id, take);
    await calls.enroll({ iotHubs: [service.hubs[0]] }, 'latecomer');
    await until('what came in the next life has come', () => received.at(-1)?.data.type === 'rehome.EnrollmentCreated');
    after.cut();
    await service.caughtUp();
    expect(received.map(({ id }) => id)).toEqual(
      (await allEvents(service, '/audit/events?order=asc')).map(({ position }) => position),
    );
    expect((await service.manage('GET', '/feed?from=4711')).status).toBe(400);
  });

  test('what was said of an erased device is gone, what happened to it stays, and the log is intact with roots signed', async () => {
    expect(await verdict()).toMatchObject({ intact: true, firstBreak: null });
    const erasing = await service.manage('POST', '/devices/traveller/erase', { reason: 'ticket 7', deleteEnrollment: true });
    expect(erasing.status).toBe(202);
    await until(
      'it is erased',
      async () => (await getOk<{ status: string }>(service, '/devices/traveller/erasure')).status === 'erased',
    );
    await service.caughtUp();
    expect((await service.manage('GET', '/audit/export?format=ndjson')).text).not.toContain('factory');
    const history = await allEvents(service, '/devices/traveller/history?twin=false');
    expect(typesOf(history)).toEqual(expect.arrayContaining(['AssignmentStarted', 'TwinMigrated', 'RegistrationDeleted']));
    const after = await verdict();
    expect(after).toMatchObject({ intact: true, firstBreak: null });
    // Signed when the service was stopped.
    expect(after.roots).toBeGreaterThan(0);
  });

  // A real server has no call that changes what is stored.
  if (serverUrl === '') {
    test('a change behind its back is found, and said where', async () => {
      const stream = 'registration-newcomer';
      server.peer?.log.tamper(stream, 'DeviceAssigned', (data) => data.replace('"created":true', '"created":false'));
      expect(await verdict()).toMatchObject({
        intact: false,
        firstBreak: { stream, reason: 'its content is not what its hash was made of' },
      });
    });
  }
});
