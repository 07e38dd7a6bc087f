import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { readStoredLogs } from '@test/support/stored-logs';
import { parse } from '@test/support/csv';
import { AuditedEvent, allEvents, getOk, typesOf } from '@test/support/audit-reader';

let service: RunningService;
let traveller: Enrolled;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'fatal' });
  const calls = new DeviceCalls(service);
  const [first, second] = service.hubs;
  const entry = {
    initialTwin: { tags: { site: 'factory' }, properties: { desired: { interval: 60 } } },
    reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
  };
  traveller = await calls.enroll({ ...entry, iotHubs: [first] }, 'Traveller');
  expect(await calls.register(traveller)).toMatchObject({ status: 'assigned' });
  await service.registry(first).updateTwin('Traveller', { tags: { site: 'paris' } }, '*');
  await calls.enroll({ ...entry, iotHubs: [second] }, 'Traveller');
  expect(await calls.register(traveller)).toMatchObject({ status: 'assigned', registrationState: { assignedHub: second } });
  await service.administrator.deleteDeviceRegistrationState('Traveller');
  await service.caughtUp();
}, 60_000);

afterAll(() => service.close());

describe('the history of a device', () => {
  test('is its whole life in this service, in order, with who did it', async () => {
    const events = await allEvents(service, '/devices/traveller/history?twin=false&order=asc');
    expect(typesOf(events)).toEqual([
      'AssignmentStarted',
      'DeviceAssigned',
      'AssignmentStarted',
      'DeviceStatusRecorded',
      'TwinMigrated',
      'DeviceDeregistered',
      'DeviceAssigned',
      'RegistrationDeleted',
    ]);
    expect(events[0]).toMatchObject({
      revision: '0',
      actor: { kind: 'device', name: 'traveller' },
      apiVersion: expect.stringMatching(/^\d{4}-\d\d-\d\d/) as string,
      registrationId: 'traveller',
      enrollment: { kind: 'individual', id: 'Traveller' },
      hubs: [service.hubs[0]],
      log: 'provisioning',
      data: { grounds: { policy: { effective: 'migrate' } } },
    });
    expect(events.at(-1)).toMatchObject({ actor: { kind: 'operator' } });
    expect(new Set(events.slice(2, 7).map(({ correlationId }) => correlationId)).size).toBe(1);
  });

  test('has what happened at both hubs between, and backwards it is the same', async () => {
    const { hubs } = await readStoredLogs(service.dataDir);
    const events = await allEvents(service, '/devices/Traveller/history?order=asc');
    const atHubs = events.filter(({ log }) => log === 'hubs');
    expect(new Set(atHubs.map(({ stream }) => stream))).toEqual(new Set(service.hubs.map((hub) => `device-${hub}/Traveller`)));
    const stored = hubs.filter(({ stream }) => stream.endsWith('/Traveller'));
    expect(atHubs.map(({ position }) => position)).toEqual(stored.map(({ position }) => position));
    expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort());
    expect(JSON.stringify(events)).not.toContain('"fingerprint"');
    expect([...(await allEvents(service, '/devices/traveller/history'))].reverse()).toEqual(events);
    expect(typesOf(await allEvents(service, '/devices/traveller/history?type=TwinMigrated'))).toEqual(['TwinMigrated']);
  });

  test('does not exist for one that never came, nor for a bad cursor', async () => {
    expect((await service.manage('GET', '/devices/nobody/history')).status).toBe(404);
    expect((await service.manage('GET', '/devices/traveller/history?cursor=abc')).status).toBe(400);
    expect((await service.manage('GET', '/devices/traveller/history?twin=maybe')).status).toBe(400);
  });
});

describe('the history of everything', () => {
  test('is the log, whichever filter is asked', async () => {
    const { service: log } = await readStoredLogs(service.dataDir);
    const positions = (events: readonly { readonly position: string }[]): string[] => events.map(({ position }) => position);
    const [first] = service.hubs;
    expect(positions(await allEvents(service, '/audit/events?order=asc'))).toEqual(positions(log));
    const ofEntry = log.filter(({ stream, type }) => stream === 'individualEnrollment-traveller' || type === 'AssignmentStarted');
    expect(positions(await allEvents(service, '/enrollments/traveller/history?order=asc'))).toEqual(positions(ofEntry));
    expect(await allEvents(service, '/audit/events?enrollmentId=Traveller&order=asc')).toHaveLength(ofEntry.length);
    const linked = await allEvents(service, `/linked-hubs/${first}/history?order=asc`);
    expect(typesOf(linked)[0]).toBe('HubLinked');
    expect(linked.every(({ hubs }) => hubs.includes(first))).toBe(true);
    expect(await allEvents(service, `/audit/events?hub=${first}&order=asc`)).toEqual(linked);
    const device = log.filter(({ metadata }) => metadata.actor.kind === 'device');
    expect(positions(await allEvents(service, '/audit/events?actor=device:traveller&order=asc'))).toEqual(positions(device));
    expect(await allEvents(service, '/enrollment-groups/none/history')).toEqual([]);
    expect((await service.manage('GET', '/audit/events?enrollmentId=a&enrollmentGroupId=b')).status).toBe(400);
  });

  test('shows one event whole with its neighbours', async () => {
    const events = await allEvents(service, '/audit/events?order=asc');
    const index = events.findIndex(({ type }) => type === 'TwinMigrated');
    const [before, event, after] = events.slice(index - 1, index + 2);
    expect(await getOk<AuditedEvent>(service, `/audit/events/${event?.position ?? ''}`)).toMatchObject({
      ...event,
      metadata: { correlationId: event?.correlationId },
      inStream: { previous: { type: 'DeviceStatusRecorded' }, next: { type: 'DeviceDeregistered' } },
      inLog: { previous: { position: before?.position }, next: { position: after?.position } },
    });
    expect((await service.manage('GET', '/audit/events/999999')).status).toBe(404);
    expect((await service.manage('GET', '/audit/events/x')).status).toBe(400);
  });

  test('needs the right to audit', async () => {
    const path = '/audit/events';
    expect((await service.manage('GET', path, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
  });
});

describe('an export', () => {
  test('has the same events in each of its forms', async () => {
    const events = await allEvents(service, '/audit/events?order=asc');
    expect(await getOk<AuditedEvent[]>(service, '/audit/export?format=json')).toEqual(events);
    const ndjson = await service.manage('GET', '/audit/export');
    expect(ndjson.headers['x-rehome-total-events']).toBe(String(events.length));
    expect(
      ndjson.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditedEvent),
    ).toEqual(events);
    const csv = await service.manage('GET', '/audit/export?format=csv&hub=' + service.hubs[0]);
    const [header, ...rows] = parse(csv.text);
    expect(header?.slice(0, 3)).toEqual(['position', 'stream', 'revision']);
    const ofHub = events.filter(({ hubs }) => hubs.includes(service.hubs[0]));
    expect(rows.map((row) => JSON.parse(row.at(-1) ?? '') as unknown)).toEqual(ofHub.map(({ data }) => data));
  });
});
