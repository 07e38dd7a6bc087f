// npm leaves optional packages of foreign platforms out of package-lock.json when a registry does not serve them, and `npm ci` then
// refuses the lock ("Missing: … from lock file"). This adds a placeholder for each, from what its dependants ask for; it is never
// fetched where its os or cpu does not fit. Addresses of registries are taken out. Run it after every change of dependencies:
//   node scripts/complete-lock.mjs [--check] [directory]
// With --check nothing is written, and the exit code is 1 when something would have been.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OSES = {
  darwin: 'darwin',
  linux: 'linux',
  linuxmusl: 'linux',
  win32: 'win32',
  windows: 'win32',
  freebsd: 'freebsd',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  sunos: 'sunos',
  android: 'android',
  aix: 'aix',
  openharmony: 'openharmony',
};
const CPUS = {
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  ppc64le: 'ppc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
  universal: undefined,
};
const LIBCS = { gnu: 'glibc', glibc: 'glibc', musl: 'musl', linuxmusl: 'musl', gnueabihf: 'glibc', musleabihf: 'musl' };

/** What a platform package's own manifest would say, read from its name; undefined when the name tells no platform. */
function platformOf(name) {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const pick = (table) => words.filter((word) => Object.hasOwn(table, word)).map((word) => table[word])[0];
  const os = pick(OSES);
  const cpu = pick(CPUS);
  if (os === undefined && cpu === undefined) return undefined;
  const libc = os === 'linux' ? pick(LIBCS) : undefined;
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined ? {} : { libc: [libc] }),
  };
}

/** Whether `name` is found from the package at `path`, as node looks it up. */
function isLocked(packages, path, name) {
  for (let from = path; ; from = from.slice(0, Math.max(from.lastIndexOf('/node_modules/'), 0))) {
    if (Object.hasOwn(packages, `${from === '' ? '' : `${from}/`}node_modules/${name}`)) return true;
    if (from === '') return false;
  }
}

function complete(packages) {
  const added = {};
  const problems = [];
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(optionalDependencies)) {
      if (isLocked(packages, path, name) || Object.hasOwn(added, `node_modules/${name}`)) continue;
      const platform = platformOf(name);
      const version = range.replace(/^[\^~=v]+/, '');
      if (platform === undefined || !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) {
        problems.push(`${name}@${range}, asked for by ${path || 'the root'}, tells no platform or no exact version; install it`);
      } else {
        added[`node_modules/${name}`] = { version, optional: true, ...(dev ? { dev } : {}), ...platform };
      }
    }
  }
  return { added, problems };
}

function sorted(packages) {
  return Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
}

const check = process.argv.includes('--check');
const directory = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? '.';
const file = join(directory, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));

const { added, problems } = complete(lock.packages);
const addressed = Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined);
for (const problem of problems) console.error(problem);

const changes = Object.keys(added).length + addressed.length;
if (changes > 0) {
  const report = `${Object.keys(added).length} optional platform packages missing, ${addressed.length} entries with an address`;
  if (check) {
    console.error(`package-lock.json is not complete: ${report}; run: npm run lock:complete`);
  } else {
    for (const entry of addressed) delete entry.resolved;
    writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted({ ...lock.packages, ...added }) }, null, 2)}\n`);
    console.log(`package-lock.json completed: ${report}`);
  }
} else if (problems.length === 0) {
  console.log('package-lock.json is complete');
}
process.exit(problems.length > 0 || (check && changes > 0) ? 1 : 0);
