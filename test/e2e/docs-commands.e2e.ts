import { readdirSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandsIn, DocumentCommands, DocumentShell, missingLine } from '@test/support/document-commands';
import { readMarkdown } from '@test/support/markdown';
import { ServiceProcess, startServiceProcess } from '@test/support/service-process';

const root = join(__dirname, '../..');
const FOLDERS = ['docs/tutorial', 'docs/how-to', 'docs/reference'];
/** It stops the service, so it goes last. */
const LAST = 'docs/how-to/backup-and-restore.md';
/** Its table of latencies is the one that the service is started with. */
const GEO = 'docs/how-to/geo-move.md';
/** What somebody has in the directory who has installed and built the service; `data` is made by its start. */
const INSTALLED = ['package.json', 'node_modules', 'dist'];
const SCRIPTS = ['build.mjs', 'register.mjs', 'twin.mjs'];
const NOT_RUN_MAX = 16;

const pages = FOLDERS.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.md') && path !== LAST)
  .concat('README.md', LAST)
  .map((path) => ({ path, commands: commandsIn(readMarkdown(root, path)) }));
const withCommands = pages.filter(({ commands }) => commands.some(({ notRun }) => notRun === null));

let directory: string;
let service: ServiceProcess | undefined;

async function start(): Promise<void> {
  service = await startServiceProcess({
    dataDir: join(directory, 'data'),
    env: {
      REHOME_LOG_LEVEL: 'warn',
      REHOME_REGISTER_WAIT_MS: '10000',
      REHOME_LATENCY_FILE: join(directory, 'latencies.json'),
      REHOME_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
    },
  });
}

async function stop(): Promise<void> {
  const code = await service?.stop();
  service = undefined;
  if (code !== undefined) expect(code).toBe(0);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-documents-'));
  for (const name of INSTALLED) await symlink(join(root, name), join(directory, name));
  await mkdir(join(directory, 'scripts'));
  for (const name of SCRIPTS) {
    const copy = join(directory, 'scripts', name);
    await copyFile(join(root, 'scripts', name), copy);
    // Older than anything built, so that no command builds what is tested: that is done before the tests.
    await utimes(copy, 0, 0);
  }
  const latencies = readMarkdown(root, GEO).blocks.find(({ language }) => language === 'json');
  await writeFile(join(directory, 'latencies.json'), latencies?.text ?? '');
  await start();
});
afterAll(async () => {
  await stop();
  await rm(directory, { recursive: true, force: true });
});

/** Runs a block as its document says, and compares what it answers. */
async function follow(shell: DocumentShell, { place, text, stopped, output: expected }: DocumentCommands): Promise<void> {
  if (stopped) await stop();
  else if (service === undefined) await start();
  const output = await shell.run(place, text);
  const missing = missingLine(output, expected);
  if (missing !== undefined) throw new Error(`${place}: the output has no line "${missing}":\n${output}`);
}

test.each(withCommands)('the commands of $path do what it says', async ({ commands }) => {
  const shell = await DocumentShell.open(directory);
  try {
    await shell.run('before', 'source data/client.env');
    for (const command of commands) if (command.notRun === null) await follow(shell, command);
  } finally {
    await shell.close();
  }
});

test('few commands are not run, each for a reason', () => {
  const commands = pages.flatMap((page) => page.commands);
  const left = commands.filter(({ notRun }) => notRun !== null);
  expect(left.length).toBeLessThanOrEqual(NOT_RUN_MAX);
  expect(commands.length - left.length).toBeGreaterThan(40);
});
