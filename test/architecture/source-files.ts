import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

export const root = join(__dirname, '../..');

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root of the file it leads to; undefined for packages and node's own modules. */
  readonly file: string | undefined;
  /** `import type` and `export type … from`: nothing is loaded at run time. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Installed, built or kept by running, so not ours to judge. */
const notOurs = new Set(['node_modules', 'dist', 'coverage', 'data', '.git']);

function filesUnder(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : filesUnder(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Every file of the repository, as paths from the root. */
export const repositoryFiles = (): readonly string[] => filesUnder(root).map(pathFromRoot);

const pathFromRoot = (path: string): string => relative(root, path).replaceAll('\\', '/');

function resolveImport(from: string, specifier: string): string | undefined {
  const alias = /^@app\/([^/]+)(?:\/(.*))?$/.exec(specifier);
  const support = /^@test\/support\/(.*)$/.exec(specifier);
  const base =
    alias !== null
      ? join(root, 'libs', alias[1] ?? '', 'src', alias[2] ?? '')
      : support !== null
        ? join(root, 'test/support', support[1] ?? '')
        : specifier.startsWith('.')
          ? resolve(dirname(from), specifier)
          : undefined;
  if (base === undefined) return undefined;
  const found = [base, `${base}.ts`, `${base}.tsx`, join(base, 'index.ts')].find(
    (path) => existsSync(path) && statSync(path).isFile(),
  );
  // What leads nowhere is for the compiler to say; the rules still see which library was meant.
  return pathFromRoot(found ?? base);
}

function importsOf(path: string, tree: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  const add = (node: ts.Node | undefined, typeOnly: boolean): void => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    imports.push({ specifier: node.text, file: resolveImport(path, node.text), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
      add(node.moduleReference.expression, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && isLoadingCall(node)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return imports;
}

const isLoadingCall = (node: ts.CallExpression): boolean =>
  node.expression.kind === ts.SyntaxKind.ImportKeyword ||
  (ts.isIdentifier(node.expression) && node.expression.text === 'require');

function load(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return { path: pathFromRoot(path), text, tree, imports: importsOf(path, tree) };
}

/** Everything we wrote, parsed once per test file. */
export const sourceFiles: readonly SourceFile[] = ['apps', 'libs', 'test', 'scripts'].flatMap((directory) =>
  filesUnder(join(root, directory))
    .filter((path) => /\.(ts|tsx|mts|cts|mjs|cjs|js)$/.test(path))
    .map(load),
);

const byPath = new Map(sourceFiles.map((file) => [file.path, file]));

export const isTest = ({ path }: SourceFile): boolean =>
  /\.(spec|contract|integration|e2e|reliability)\.ts$/.test(path) ||
  /^test\/|\/testing(\/|\.ts$)|contract-suite\.ts$|\/contract\/|\/specification\.ts$/.test(path);

/** Product code whose path matches; a rule that matches nothing proves nothing, so that is an error. */
export function productFiles(pattern: RegExp): readonly SourceFile[] {
  const files = sourceFiles.filter((file) => pattern.test(file.path) && !isTest(file));
  if (files.length === 0) throw new Error(`no file matches ${String(pattern)}`);
  return files;
}

/** Files loaded at run time by these, themselves included; `stopAt` is loaded but not looked into. */
export function reachableFrom(files: readonly SourceFile[], stopAt: RegExp): readonly SourceFile[] {
  const reached = new Set<SourceFile>(files);
  for (const file of reached) {
    for (const { file: path, typeOnly } of file.imports) {
      const next = path === undefined || typeOnly || stopAt.test(path) ? undefined : byPath.get(path);
      if (next !== undefined) reached.add(next);
    }
  }
  return [...reached];
}

/** Cycles of imports between files, each once, as paths; what only types need is no cycle. */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: SourceFile): void => {
    const start = path.indexOf(file.path);
    if (start >= 0) cycles.push([...path.slice(start), file.path]);
    if (start >= 0 || done.has(file.path)) return;
    path.push(file.path);
    for (const { file: next, typeOnly } of file.imports) {
      const target = next === undefined || typeOnly ? undefined : byPath.get(next);
      if (target !== undefined) visit(target);
    }
    path.pop();
    done.add(file.path);
  };
  files.forEach(visit);
  return cycles;
}
