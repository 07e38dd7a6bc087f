import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { call } from '@test/support/clients';
import { Program, processesNaming, startProgram } from '@test/support/programs';
import { until } from '@test/support/until';

const DEMO = ['--disable-warning=ExperimentalWarning', '--enable-source-maps', resolve('dist/apps/demo/main.js')];
const START_TIMEOUT_MS = 60_000;

/** Where the demo may leave something, if it does. */
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-watched-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const startDemo = (): Program => startProgram(process.execPath, DEMO, { env: { TMPDIR: directory } });

async function expectNothingLeft(): Promise<void> {
  expect(await readdir(directory)).toEqual([]);
  expect(processesNaming(directory)).toEqual([]);
}

/** An operator who takes a hub away as soon as the demo's service answers, long before the demo gets to move a device there. */
async function unlinkSecondHub(): Promise<void> {
  let variables = new Map<string, string>();
  await until(
    'the demo has started its service',
    async () => {
      const [own = ''] = await readdir(directory);
      const text = await readFile(join(directory, own, 'data', 'client.env'), 'utf8').catch(() => '');
      variables = new Map([...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]));
      return variables.has('REHOME_API_TOKEN');
    },
    START_TIMEOUT_MS,
  );
  const get = (name: string): string => variables.get(name) ?? '';
  const endpoint = { port: Number(get('REHOME_HTTPS_PORT')), ca: await readFile(get('NODE_EXTRA_CA_CERTS'), 'utf8') };
  const headers = { authorization: `Bearer ${get('REHOME_API_TOKEN')}` };
  const answer = await call(endpoint, {
    method: 'DELETE',
    host: 'localhost',
    path: '/api/v1/linked-hubs/hub-b.localhost',
    headers,
  });
  expect(answer.status).toBe(204);
}

test('the demo tells its story, ends with 0, and leaves nothing', async () => {
  const demo = startDemo();
  expect([await demo.ended, demo.stderr()]).toEqual([0, '']);
  for (const said of ['deviceDataMigrated', 'TwinMigrated', 'Everything happened as it should'])
    expect(demo.stdout()).toContain(said);
  await expectNothingLeft();
});

test('the demo ends with 1 and the reason when a promise is not kept, and leaves nothing', async () => {
  const demo = startDemo();
  await unlinkSecondHub();
  expect(await demo.ended).toBe(1);
  expect(demo.stdout()).toMatch(/The demo failed: .+/);
  expect(demo.stdout()).not.toContain('Everything happened as it should');
  await expectNothingLeft();
});
