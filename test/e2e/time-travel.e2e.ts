import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { getOk } from '@test/support/audit-reader';
import { moment } from '@test/support/until';

const initialTwin = { tags: { site: 'factory' }, properties: { desired: { interval: 60 } } };
const migrate = { updateHubAssignment: true, migrateDeviceData: true };
/** How long the read models may take for what a test has done. */
const SEEN_TIMEOUT_MS = 10_000;

let service: RunningService;
let calls: DeviceCalls;
/** Between any two of its moments lies more than a millisecond, which is what a time can tell apart. */
const moments = { beginning: '', settled: '', patched: '', moved: '', gone: '' };
let traveller: Enrolled;
let other: Enrolled;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function get(path: string): Promise<Answer> {
  const { status, text } = await service.manage('GET', path);
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'fatal' });
  calls = new DeviceCalls(service);
  const [first, second] = service.hubs;
  moments.beginning = await moment();
  const entry = { initialTwin, reprovisionPolicy: migrate };
  traveller = await calls.enroll({ ...entry, iotHubs: [first] }, 'traveller');
  other = await calls.enroll({ ...entry, iotHubs: [first] }, 'other');
  for (const device of [traveller, other]) expect(await calls.register(device)).toMatchObject({ status: 'assigned' });
  moments.settled = await moment();
  await service.registry(first).updateTwin('traveller', { tags: { site: 'paris' } }, '*');
  moments.patched = await moment();
  await service.manage('PUT', `/linked-hubs/${first}`, { draining: true });
  await calls.enroll({ ...entry, iotHubs: [first, second] }, 'traveller');
  expect(await calls.register(traveller)).toMatchObject({ status: 'assigned', registrationState: { assignedHub: second } });
  moments.moved = await moment();
  await service.administrator.deleteDeviceRegistrationState('other');
  moments.gone = await moment();
  await service.caughtUp();
});
afterAll(() => service.close());

describe('a device', () => {
  test('as it was at a time and after a revision', async () => {
    const [first, second] = service.hubs;
    const device = (query: string) => getOk<Record<string, unknown>>(service, `/devices/Traveller?${query}`);
    expect(await device(`at=${moments.settled}`)).toMatchObject({
      assignedHub: first,
      status: 'assigned',
      asOf: { revision: '1' },
    });
    expect(await device(`at=${moments.moved}`)).toMatchObject({ assignedHub: second, membership: { from: first } });
    expect(await device('revision=0')).toMatchObject({ status: 'assigning', assignedHub: null, targetHub: first });
    const { asOf: _asOf, ...now } = await device(`at=${new Date().toISOString()}`);
    expect(now).toEqual(await getOk<Record<string, unknown>>(service, '/devices/traveller'));
  });

  test.each([
    ['before it registered', 404, () => `/devices/traveller?at=${moments.beginning}`],
    ['after it was deleted', 404, () => `/devices/other?at=${moments.gone}`],
    ['at a revision that there is not', 404, () => '/devices/traveller?revision=4711'],
    ['that nobody knows', 404, () => `/devices/nobody/twin?at=${moments.moved}`],
    ['in the future', 400, () => '/devices/traveller?at=2999-01-01'],
    ['at no time', 400, () => '/devices/traveller?at=yesterday'],
    ['at no revision', 400, () => '/devices/traveller/twin?revision=-1'],
    ['at a time and a revision', 400, () => `/devices/traveller?revision=1&at=${moments.moved}`],
    ['with a preview in the past', 400, () => `/devices/traveller/why?preview=true&at=${moments.moved}`],
    ['whose reason nobody knows', 404, () => '/devices/nobody/why'],
  ])('%s: %i', async (_name, status, path) => {
    const answer = await get(path());
    expect(answer).toMatchObject({ status, body: { status } });
  });

  test("has its twin from its hub's log, from before and after what a back end did there", async () => {
    const [first, second] = service.hubs;
    const tags = async (at: string): Promise<unknown> =>
      (await getOk<Record<string, unknown>>(service, `/devices/traveller/twin?at=${at}`)).atHub;
    expect(await tags(moments.settled)).toMatchObject({ hub: first, source: 'hubLog', twin: { tags: { site: 'factory' } } });
    expect(await tags(moments.patched)).toMatchObject({ hub: first, source: 'hubLog', twin: { tags: { site: 'paris' } } });
    expect(await tags(moments.moved)).toMatchObject({ hub: second, twin: { tags: { site: 'paris' } }, status: 'enabled' });
    const { carried } = await getOk<Record<string, unknown>>(service, `/devices/traveller/twin?at=${moments.patched}`);
    expect(carried).toBeNull();
  });
});

describe('the fleet', () => {
  test('at an instant: hubs, statuses, devices', async () => {
    const [first, second] = service.hubs;
    expect(await getOk<Record<string, unknown>>(service, `/fleet?at=${moments.beginning}`)).toMatchObject({
      devices: 0,
      hubs: [],
      statuses: [],
    });
    const assigned = (devices: number) => [{ status: 'assigned', devices }];
    expect(await getOk<Record<string, unknown>>(service, `/fleet?at=${moments.settled}`)).toEqual({
      at: moments.settled,
      devices: 2,
      hubs: [{ hub: first, devices: 2 }],
      statuses: assigned(2),
    });
    expect(await getOk<Record<string, unknown>>(service, '/fleet')).toMatchObject({
      devices: 1,
      hubs: [{ hub: second, devices: 1 }],
      statuses: assigned(1),
    });
    const there = await getOk<Record<string, unknown>>(service, `/fleet/devices?at=${moments.settled}&hub=${first}&limit=1`);
    expect(there.items).toMatchObject([{ registrationId: 'other', hub: first, status: 'assigned' }]);
    const next = await getOk<Record<string, unknown>>(
      service,
      `/fleet/devices?at=${moments.settled}&hub=${first}&limit=1&cursor=${String(there.nextCursor)}`,
    );
    expect(next).toMatchObject({ items: [{ registrationId: 'traveller' }], nextCursor: null });
  });

  test('between two instants: who moved, came, went, and whose twin was written', async () => {
    const [first, second] = service.hubs;
    const diff = (from: string, to: string) => getOk<Record<string, unknown>>(service, `/fleet/diff?from=${from}&to=${to}`);
    const there = (hub: string) => ({ hub, status: 'assigned' });
    expect(await diff(moments.beginning, moments.settled)).toMatchObject({ totals: { appeared: 2, moved: 0, removed: 0 } });
    expect(await diff(moments.patched, moments.moved)).toMatchObject({
      totals: { appeared: 0, moved: 1, removed: 0, statusChanged: 0, twinsChanged: 1 },
      items: [{ registrationId: 'traveller', change: 'moved', from: there(first), to: there(second), twinChanged: true }],
    });
    expect(await diff(moments.moved, moments.gone)).toMatchObject({
      items: [{ registrationId: 'other', change: 'removed', from: there(first), to: null, twinChanged: false }],
      nextCursor: null,
    });
    expect((await get(`/fleet/diff?from=${moments.moved}&to=${moments.settled}`)).status).toBe(400);
    expect((await get('/fleet/diff')).status).toBe(400);
  });

  test('a change at a hub is seen by the log of the hub', async () => {
    const deadline = Date.now() + SEEN_TIMEOUT_MS;
    let changed: Record<string, unknown>;
    do changed = await getOk<Record<string, unknown>>(service, `/fleet/diff?from=${moments.settled}&to=${moments.patched}`);
    while ((changed.items as unknown[]).length === 0 && Date.now() < deadline);
    expect(changed).toMatchObject({
      totals: { moved: 0, twinsChanged: 1 },
      items: [{ registrationId: 'traveller', change: 'twinChanged', twinChanged: true }],
    });
  });
});

describe('why', () => {
  test('a device moved: its twin, the drained hub, who changed what before', async () => {
    const [first, second] = service.hubs;
    const { summary, sentences, facts } = await getOk<Record<string, unknown>>(service, '/devices/traveller/why?preview=true');
    expect(summary).toMatch(
      new RegExp(`^Device traveller is on ${second} because .*instead of ${first}; its twin went along\\.$`),
    );
    const story = (sentences as string[]).join(' ');
    expect(story).toContain(`Hub ${first} was left out: it was being drained.`);
    expect(story).toContain(`Its twin went along from ${first}: 1 tag, 1 desired property and no reported properties.`);
    expect(story).toMatch(
      new RegExp(
        `Operator \\S+ had changed individual enrollment traveller at \\S+ \\(revision 1\\): made the hubs it lists ${first}, ${second}\\.`,
      ),
    );
    expect(story).toMatch(new RegExp(`Operator administrator had changed the linked hubs at \\S+: began to drain ${first}\\.`));
    expect(story).toContain(`If it registered now, it would stay on ${second}`);
    expect(facts).toMatchObject({
      state: 'assigned',
      hub: second,
      operation: { action: 'migrate' },
      twin: { source: 'migrated' },
    });
  });

  test('a device was where it was, and another is gone', async () => {
    const [first] = service.hubs;
    const then = await getOk<Record<string, unknown>>(service, `/devices/traveller/why?at=${moments.patched}`);
    expect(then.summary).toMatch(new RegExp(`^Device traveller is on ${first} because its first registration`));
    expect((await getOk<Record<string, unknown>>(service, '/devices/other/why')).summary).toMatch(
      /^Device other is not registered: operator \S+ deleted its registration/,
    );
  });

  test('a device never came: it could not prove itself', async () => {
    const stranger = await calls.enroll({}, 'stranger');
    expect(await getOk<Record<string, unknown>>(service, '/devices/stranger/why')).toMatchObject({
      sentences: ['Device stranger has never registered.'],
    });
    expect((await calls.put({ ...stranger, key: other.key })).status).toBe(401);
    const deadline = Date.now() + SEEN_TIMEOUT_MS;
    let why: Record<string, unknown>;
    do why = await getOk<Record<string, unknown>>(service, '/devices/stranger/why');
    while ((why.sentences as string[]).length < 2 && Date.now() < deadline);
    expect((why.sentences as string[])[1]).toMatch(/^It failed to prove itself, 1 time in all and last at .+ over HTTPS: .+\.$/);
    expect(why.facts).toMatchObject({ state: 'neverRegistered', attestationFailure: { failures: 1 } });
  });
});
