import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportProperties } from '@test/support/clients';
import { DeviceCalls, Enrolled } from '@test/support/device-calls';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { RunningService, startService, twinAt } from '@test/support/running-service';

let restoreNames: () => void;
let service: RunningService;
let hubA: string;
let hubB: string;

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  service = await startService({ REHOME_LOG_LEVEL: 'debug' });
  [hubA, hubB] = service.hubs;
});
afterAll(async () => {
  await service.close();
  restoreNames();
});

interface Marked {
  readonly device: Enrolled;
  /** Texts that nobody else has said. */
  readonly marks: Readonly<Record<'initial' | 'tags' | 'desired' | 'reported' | 'payload' | 'later', string>>;
}

const mark = (): string => `mark${randomBytes(9).toString('hex')}`;

/** A device that says something of itself wherever it can, lives at a hub, and moves to another. */
async function live(registrationId: string): Promise<Marked> {
  const calls = new DeviceCalls(service);
  const marks = { initial: mark(), tags: mark(), desired: mark(), reported: mark(), payload: mark(), later: mark() };
  const entry = { iotHubs: [hubA], allocationPolicy: 'static', initialTwin: { tags: { initial: marks.initial } } };
  const device = await calls.enroll(entry, registrationId);
  await calls.register(device, { body: { registrationId, payload: { said: marks.payload } } });
  const patch = { tags: { note: marks.tags }, properties: { desired: { wish: marks.desired } } };
  await service.registry(hubA).updateTwin(registrationId, patch, '*');
  await reportProperties(service.endpoint, hubA, registrationId, device.key, { [marks.reported]: marks.reported });
  const { responseBody: saved } = await service.administrator.getIndividualEnrollment(registrationId);
  await service.administrator.createOrUpdateIndividualEnrollment({ ...saved, iotHubs: [hubB] });
  await calls.register(device);
  await service.registry(hubB).updateTwin(registrationId, { tags: { later: marks.later } }, '*');
  await service.caughtUp();
  return { device, marks };
}

/** The marks that stand in any file of the data directory, WAL included. */
async function inFiles(marks: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const entries = await readdir(service.dataDir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    for (const text of marks) if (bytes.includes(text)) found.push(`${entry.name}: ${text}`);
  }
  return found;
}

/** Everything that the API tells of a device. */
async function told(registrationId: string): Promise<string> {
  const paths = ['', '/twin', '/history', '/operations', '/why'].map((path) => `/devices/${registrationId}${path}`);
  const all = [
    ...paths,
    `/enrollments/${registrationId}`,
    '/audit/export?format=ndjson',
    '/feed/replay?since=2020-01-01T00:00:00Z',
  ];
  const answers = await Promise.all(all.map((path) => service.manage('GET', path)));
  return answers.map(({ text }) => text).join('\n');
}

async function erased(registrationId: string): Promise<object> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = (await service.manage('GET', `/devices/${registrationId}/erasure`)).json() as { status: string };
    if (answer.status === 'erased') return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it is not erased');
}

const erase = (registrationId: string, body: object): ReturnType<RunningService['manage']> =>
  service.manage('POST', `/devices/${registrationId}/erase`, body);

test('a device’s data is never in clear in a file, is told while its key is there, and is nowhere afterwards', async () => {
  const { device, marks } = await live('erased');
  const all = Object.values(marks);
  const before = await told('erased');
  for (const text of [marks.initial, marks.tags, marks.desired, marks.reported, marks.payload]) expect(before).toContain(text);
  expect(await twinAt(service.registry(hubB), 'erased')).toMatchObject({ tags: { note: marks.tags, later: marks.later } });
  expect(await inFiles(all)).toEqual([]);

  expect((await erase('erased', { reason: 'ticket 7' })).status).toBe(409);
  const requested = await erase('erased', { reason: 'ticket 7', deleteEnrollment: true });
  expect([requested.status, requested.json()]).toEqual([202, expect.objectContaining({ reason: 'ticket 7' })]);
  expect(await erased('erased')).toMatchObject({ status: 'erased', reason: 'ticket 7' });
  await service.caughtUp();

  expect(await twinAt(service.registry(hubB), 'erased')).toBeUndefined();
  const after = await told('erased');
  for (const text of [...all, 'kept-by-nobody']) expect([text, after.includes(text)]).toEqual([text, false]);
  expect(await inFiles(all)).toEqual([]);
  for (const text of all) expect([text, service.process.output().includes(text)]).toEqual([text, false]);
  const history = (await service.manage('GET', '/devices/erased/history')).json() as { items: { type: string; data: object }[] };
  expect(history.items.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['AssignmentStarted', 'TwinMigrated', 'RegistrationDeleted']),
  );
  expect(history.items.find(({ type }) => type === 'TwinMigrated')?.data).toMatchObject({
    from: hubA,
    to: hubB,
    twin: { tags: {} },
  });
  for (const log of ['provisioning', 'hubs']) {
    expect((await service.manage('POST', '/audit/verify', { log })).text).toContain('"intact":true');
  }
  // Said again, it is done already; and the device may come back as one that nobody knows.
  expect((await service.manage('GET', '/devices/erased/erasure')).status).toBe(200);
  const calls = new DeviceCalls(service);
  const anew = await calls.enroll({ iotHubs: [hubA], allocationPolicy: 'static', initialTwin: { tags: { a: 'new' } } }, 'erased');
  expect(anew.key).not.toBe(device.key);
  await calls.register(anew);
  expect(await twinAt(service.registry(hubA), 'erased')).toMatchObject({ tags: { a: 'new' } });
});

test('another device by the same id at a hub it has left is left alone', async () => {
  await live('moved');
  await service.registry(hubA).addDevices([{ deviceId: 'moved' }]);
  await service.registry(hubA).updateTwin('moved', { tags: { other: 'device' } }, '*');
  expect((await erase('moved', { reason: 'ticket 8', deleteEnrollment: true })).status).toBe(202);
  await erased('moved');
  expect(await twinAt(service.registry(hubA), 'moved')).toMatchObject({ tags: { other: 'device' } });
  expect(await twinAt(service.registry(hubB), 'moved')).toBeUndefined();
});

test('what cannot be erased is said', async () => {
  expect((await erase('never-there', { reason: 'x' })).status).toBe(404);
  expect((await erase('moved', {})).status).toBe(400);
  expect((await service.manage('GET', '/devices/never-there/erasure')).status).toBe(404);
  const refused = await service.manage('POST', '/devices/moved/erase', { reason: 'x' }, { authorization: 'Bearer wrong' });
  expect(refused.status).toBe(401);
});

test('killed at any step, it is finished by the next life', async () => {
  const points = ['erasure:hubs', 'erasure:enrollment', 'erasure:registration', 'erasure:key'];
  const { marks } = await live('killed');
  for (const [index, point] of points.entries()) {
    if (index === 0) await service.process.stop();
    service = await service.restart({ REHOME_FAILPOINTS: `${point}:1`, REHOME_ALLOW_FAILPOINTS: '1' });
    if (index === 0) expect((await erase('killed', { reason: 'ticket 9', deleteEnrollment: true })).status).toBe(202);
    expect([point, await service.process.ended]).toEqual([point, 'SIGKILL']);
  }
  service = await service.restart({ REHOME_LOG_LEVEL: 'warn' });
  await erased('killed');
  await service.caughtUp();
  const after = await told('killed');
  for (const text of Object.values(marks)) expect([text, after.includes(text)]).toEqual([text, false]);
  expect(await inFiles(Object.values(marks))).toEqual([]);
});
