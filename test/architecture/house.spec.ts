import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { productFiles, repositoryFiles, root, sourceFiles } from './source-files';

const FILE_LINES_MAX = 300;

/** Words are put together here, so that this file does not hold what it forbids. */
const unfinished = new RegExp(
  ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK', '@ts-' + 'ignore', 'eslint-' + 'disable'].join('|'),
);
const skipped = /\b(describe|it|test)\.(only|skip|todo)\b|\b(xit|xdescribe|fit|fdescribe)\(/;

const linesAgainst = (pattern: RegExp): string[] =>
  sourceFiles.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  );

describe('every source file', () => {
  it('is found by these rules', () => {
    expect(sourceFiles.length).toBeGreaterThan(50);
  });

  it(`has at most ${FILE_LINES_MAX} lines`, () => {
    const long = sourceFiles.filter(({ text }) => text.split('\n').length - 1 > FILE_LINES_MAX);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('is finished: no markers, no silenced checks', () => {
    expect(linesAgainst(unfinished)).toEqual([]);
  });

  it('runs all of its tests', () => {
    expect(linesAgainst(skipped)).toEqual([]);
  });
});

describe('libraries', () => {
  it('have no barrel inside a feature', () => {
    const barrels = productFiles(/^libs\/.*\/index\.ts$/).filter(({ path }) => !/^libs\/[^/]+\/src\/index\.ts$/.test(path));
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });
});

describe('the repository', () => {
  it('names no registry', () => {
    const registries = new RegExp(['registry\\.npm' + 'js', 'npm' + 'mirror', 'registry\\.yarn' + 'pkg'].join('|'));
    const texts = repositoryFiles().filter((path) => /\.(json|ts|mjs|js|md|ya?ml|npmrc)$|^\.npmrc$|^\.ci\//.test(path));
    expect(texts).toContain('package-lock.json');
    expect(texts.filter((path) => registries.test(readFileSync(join(root, path), 'utf8')))).toEqual([]);
  });

  it('pins every dependency exactly', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
    const ranges = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}),
    );
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });
});
