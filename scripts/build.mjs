// Builds the named applications (all when none is named) into dist/; with --if-needed only those whose sources are newer.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const applications = {
  api: 'apps/api',
  worker: 'apps/worker',
  hub: 'apps/hub',
  demo: 'apps/demo',
  cli: 'apps/cli',
  bench: 'test/bench',
  docs: 'scripts/docs',
  dashboard: 'apps/dashboard',
};
const sources = ['apps', 'libs', 'test', 'scripts', 'package-lock.json', 'tsconfig.json', 'nest-cli.json'];

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const onlyIfNeeded = process.argv.includes('--if-needed');

function newestMs(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

// The one that is a page and not a program.
const PAGE = 'dashboard';
const outputOf = (name) => (name === PAGE ? 'index.html' : 'main.js');
const sourceMs = Math.max(...sources.map(newestMs));
const newestSourceMs = (name) =>
  name === PAGE ? Math.max(newestMs(applications[PAGE]), newestMs('package-lock.json')) : sourceMs;

for (const name of named.length > 0 ? named : Object.keys(applications)) {
  const root = applications[name];
  if (root === undefined) {
    console.error(`unknown application "${name}"; there are: ${Object.keys(applications).join(', ')}`);
    process.exit(2);
  }
  if (onlyIfNeeded && newestMs(join('dist', root, outputOf(name))) > newestSourceMs(name)) continue;
  const nest = join('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const vite = join('node_modules', 'vite', 'bin', 'vite.js');
  const build = name === PAGE ? [vite, 'build', root] : [nest, 'build', name, '--builder', 'rspack'];
  const run = spawnSync(process.execPath, build, { encoding: 'utf8' });
  if (run.status !== 0) {
    process.stderr.write(run.stdout + run.stderr);
    process.exit(run.status ?? 1);
  }
}
