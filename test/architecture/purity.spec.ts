import ts from 'typescript';
import { impurities } from './impurities';
import { productFiles, reachableFrom, SourceFile } from './source-files';

const KERNEL = /^libs\/event-sourcing\/src\/index\.ts$/;
/** Packages that compute and nothing else. */
const purePackages = new Set(['@app/event-sourcing', 'zod', 'node:util']);

function foreignImports(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) =>
    imports
      .filter(({ file, specifier, typeOnly }) => !typeOnly && file === undefined && !purePackages.has(specifier))
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
}

describe.each([
  ['deciders', /\.decider\.ts$/],
  ['projections', /\.projection\.ts$/],
  ['stored contracts', /\.events\.ts$/],
  ['rules', /\.rules\.ts$/],
])('%s, with everything they load,', (_, pattern) => {
  const files = reachableFrom(productFiles(pattern), KERNEL);

  it('neither wait nor read a clock, draw lots, or touch the outside', () => {
    expect(files.flatMap(impurities)).toEqual([]);
  });

  it('load nothing but stored contracts, pure files and the kernel', () => {
    expect(foreignImports(files)).toEqual([]);
  });
});

describe('the check of purity', () => {
  const fileOf = (text: string): SourceFile => {
    return { path: 'x.ts', text, imports: [], tree: ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2023, true) };
  };

  it.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const now = Date();',
    'const lot = Math.random();',
    'const id = crypto.randomUUID();',
    'const home = process.env.HOME;',
    'const f = async () => 1;',
    'async function g() { await g(); }',
    'setTimeout(() => 1, 1);',
    'const clock = Date.now;',
  ])('sees %s', (text) => {
    expect(impurities(fileOf(text))).not.toEqual([]);
  });

  it.each([
    'const at = new Date(command.at);',
    'const open = assignment.process;',
    'type P = Promise<Date>;',
    'const x = { process: 1 };',
  ])('lets %s pass', (text) => {
    expect(impurities(fileOf(text))).toEqual([]);
  });
});
