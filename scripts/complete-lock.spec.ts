import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'rehome-lock-'))));
afterEach(() => rmSync(directory, { recursive: true }));

interface Outcome {
  readonly exitCode: number | null;
  readonly text: string;
}

function run(...options: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'complete-lock.mjs'), ...options, directory], {
    encoding: 'utf8',
  });
  return { exitCode: status, text: stdout + stderr };
}

const lockFile = (): string => join(directory, 'package-lock.json');
const write = (packages: object): void => writeFileSync(lockFile(), JSON.stringify({ lockfileVersion: 3, packages }));
const read = (): unknown => (JSON.parse(readFileSync(lockFile(), 'utf8')) as { packages: unknown }).packages;

describe('completing the lock', () => {
  it('adds a placeholder for each optional package of a foreign platform', () => {
    const optionalDependencies = {
      '@x/core-darwin-arm64': '1.2.3',
      '@x/core-linux-x64-musl': '1.2.3',
      '@x/core-win32-x64-msvc': '1.2.3',
    };
    const before = { '': {}, 'node_modules/@x/core': { version: '1.2.3', dev: true, optionalDependencies } };
    write(before);
    expect(run('--check')).toEqual({
      exitCode: 1,
      text: expect.stringContaining('3 optional platform packages missing') as string,
    });
    expect(read()).toEqual(before);
    expect(run().exitCode).toBe(0);
    expect(read()).toEqual({
      ...before,
      'node_modules/@x/core-darwin-arm64': { version: '1.2.3', optional: true, dev: true, os: ['darwin'], cpu: ['arm64'] },
      'node_modules/@x/core-linux-x64-musl': {
        version: '1.2.3',
        optional: true,
        dev: true,
        os: ['linux'],
        cpu: ['x64'],
        libc: ['musl'],
      },
      'node_modules/@x/core-win32-x64-msvc': { version: '1.2.3', optional: true, dev: true, os: ['win32'], cpu: ['x64'] },
    });
    expect(run('--check')).toEqual({ exitCode: 0, text: 'package-lock.json is complete\n' });
  });

  it('finds packages where node would', () => {
    write({
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a/node_modules/b': {
        version: '1.0.0',
        optionalDependencies: { 'own-linux-x64': '1.0.0', 'upper-linux-x64': '1.0.0' },
      },
      'node_modules/a/node_modules/b/node_modules/own-linux-x64': { version: '1.0.0' },
      'node_modules/upper-linux-x64': { version: '1.0.0' },
    });
    expect(run('--check').exitCode).toBe(0);
  });

  it('takes addresses out', () => {
    write({ 'node_modules/a': { version: '1.0.0', resolved: 'https://registry.example/a.tgz', integrity: 'sha512-x' } });
    expect(run('--check').exitCode).toBe(1);
    expect(run().exitCode).toBe(0);
    expect(read()).toEqual({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } });
  });

  it.each([
    ['a range instead of a version', { 'a-linux-x64': '1.x' }],
    ['no platform in its name', { helper: '1.0.0' }],
  ])('refuses what it cannot describe: %s', (_, optionalDependencies) => {
    write({ '': { optionalDependencies } });
    expect(run()).toEqual({ exitCode: 1, text: expect.stringContaining('asked for by the root') as string });
  });
});
