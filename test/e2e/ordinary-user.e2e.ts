import { cp, chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { databasePid, isAlive, processesNaming, startProgram } from '@test/support/programs';
import { until } from '@test/support/until';

/** nobody */
const USER_ID = 65_534;
const START_TIMEOUT_MS = 60_000;
const CHECKOUT = ['dist', 'node_modules', 'scripts', 'package.json'];

const isRoot = process.getuid?.() === 0;
/** As root, another user; otherwise whoever runs this is an ordinary user already. */
const identity = isRoot ? { userId: USER_ID } : {};

/** A checkout that the user can read: this one, or a copy where its place is closed to others. */
async function checkoutFor(directory: string): Promise<string> {
  const here = resolve('.');
  const probe = spawnSync('test', ['-r', join(here, 'dist/apps/api/main.js')], isRoot ? { uid: USER_ID, gid: USER_ID } : {});
  if (probe.status === 0) return here;
  const copy = join(directory, 'checkout');
  for (const name of CHECKOUT) await cp(join(here, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  return copy;
}

test('an ordinary user starts the service, registers a device, and stops', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-ordinary-'));
  const home = join(directory, 'home');
  await mkdir(home);
  if (isRoot) for (const path of [directory, home]) await chown(path, USER_ID, USER_ID);
  const checkout = await checkoutFor(directory);
  const dataDir = join(home, 'data');
  const common = { HOME: home, TMPDIR: home };

  const main = join(checkout, 'dist/apps/api/main.js');
  const service = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
    env: { ...common, REHOME_DATA_DIR: dataDir, REHOME_HTTPS_PORT: '0' },
    ...identity,
  });
  await until('the service runs', () => service.stdout().includes('Rehome is running'), START_TIMEOUT_MS);
  const clientEnv = await readFile(join(dataDir, 'client.env'), 'utf8');
  const env = Object.fromEntries(
    [...clientEnv.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const register = startProgram(process.execPath, [join(checkout, 'scripts/register.mjs'), 'their-device'], {
    env: { ...common, ...env },
    ...identity,
  });
  const server = await databasePid(dataDir);
  const owner = (await stat(join(dataDir, 'client.env'))).uid;

  expect([await register.ended, register.stderr()]).toEqual([0, '']);
  expect(register.stdout()).toContain('"status": "assigned"');
  expect(owner).toBe(identity.userId ?? process.getuid?.());
  service.child.kill('SIGTERM');
  expect([await service.ended, service.stderr()]).toEqual([0, '']);
  expect(isAlive(server)).toBe(false);
  expect(processesNaming(dataDir)).toEqual([]);
  await rm(directory, { recursive: true });
});
