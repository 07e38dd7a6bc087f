import { spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findRunningPostgres, openPool } from '@app/postgres';
import { DeviceCalls } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';

const WORKER = join(__dirname, '../../dist/apps/worker/main.js');

let service: RunningService;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  const calls = new DeviceCalls(service);
  for (let n = 0; n < 3; n++) await calls.register(await calls.enroll({ initialTwin: { tags: { n } } }));
});
afterAll(() => service.close());

interface Verdict {
  readonly kind: string;
  readonly intact: boolean;
  readonly events: number;
  readonly roots: number;
  readonly firstBreak: { readonly stream: string; readonly reason: string } | null;
}

async function verify(log: string): Promise<Verdict> {
  const answer = await service.manage('POST', '/audit/verify', { log });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  const lines = answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
  const verdict = lines.at(-1);
  if (verdict?.kind !== 'verdict') throw new Error(`no verdict: ${answer.text}`);
  return verdict;
}

/** `npm run audit:verify`, beside the service or without it. */
function offline(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, REHOME_DATA_DIR: service.dataDir };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WORKER, 'verify', ...args], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

test('both logs are intact, by the API and straight from the database', async () => {
  for (const log of ['provisioning', 'hubs']) {
    const verdict = await verify(log);
    expect(verdict).toMatchObject({ intact: true, firstBreak: null });
    expect(verdict.events).toBeGreaterThan(2);
  }
  const { code, stdout } = await offline();
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^provisioning: intact .*\nhubs: intact /)]);
});

test('roots are signed when the service stops; the key and they are private, and the public key is served', async () => {
  await service.process.stop();
  const directory = join(service.dataDir, 'audit');
  expect((await readdir(directory)).sort()).toEqual(['roots-hubs.ndjson', 'roots-provisioning.ndjson', 'signing-key.pem']);
  for (const file of await readdir(directory)) expect((await stat(join(directory, file))).mode & 0o077).toBe(0);
  const kept = (await readFile(join(directory, 'roots-provisioning.ndjson'), 'utf8')).trimEnd().split('\n');
  service = await service.restart();
  const { items } = (await service.manage('GET', '/audit/roots')).json() as { items: { number: number; keyId: string }[] };
  expect(items).toEqual(kept.map((line) => JSON.parse(line) as object));
  const key = (await service.manage('GET', '/audit/public-key')).json() as { keyId: string; publicKey: string };
  expect(key).toMatchObject({ keyId: items[0]?.keyId, publicKey: expect.stringContaining('BEGIN PUBLIC KEY') as string });
  const verdict = await verify('provisioning');
  expect(verdict).toMatchObject({ intact: true });
  expect(verdict.roots).toBeGreaterThan(0);
});

test('a change behind its back is found, and said where', async () => {
  await service.process.stop();
  const asked = await offline('--log', 'provisioning');
  expect(asked.code).toBe(0);
  service = await service.restart();
  const database = openPool((await findRunningPostgres(join(service.dataDir, 'postgres'))) ?? {}, {
    applicationName: 'another-hand',
    max: 1,
  });
  await database.query('alter table events.events disable trigger all');
  await database.query(
    `update events.events set data = replace(data::text, '"created":true', '"created":false')::json where type = 'DeviceAssigned' and stream = 'registration-device-2'`,
  );
  await database.query('alter table events.events enable trigger all');
  await database.end();
  expect(await verify('provisioning')).toMatchObject({
    intact: false,
    firstBreak: { stream: 'registration-device-2', reason: 'its content is not what its hash was made of' },
  });
  const { code, stdout } = await offline('--log', 'provisioning');
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/^provisioning: BROKEN at position \d+ \(registration-device-2, revision \d+\): its content/),
  ]);
  expect(await verify('hubs')).toMatchObject({ intact: true });
});

test('what cannot be verified is said', async () => {
  expect((await service.manage('POST', '/audit/verify', { log: 'others' })).status).toBe(400);
  expect((await service.manage('POST', '/audit/verify', { from: 'x' })).status).toBe(400);
  expect((await service.manage('POST', '/audit/verify', {}, { authorization: 'Bearer wrong' })).status).toBe(401);
  const { code, stderr } = await offline('--log', 'others');
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no log "others"')]);
});
