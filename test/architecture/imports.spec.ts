import { importCycles, isTest, productFiles, SourceFile, sourceFiles } from './source-files';

/** The one place that may load each client; test support may where it stands in for the other side. */
const soleImporters: readonly (readonly [string, RegExp])[] = [
  ['pg', /^libs\/postgres\//],
  ['@eventstore/db-client', /^libs\/eventstoredb\/|^test\/support\/eventstoredb-peer\//],
  ['undici', /^libs\/hub-gateway\//],
  ['pino', /^libs\/platform\//],
  ['@peculiar/x509', /^libs\/platform\/|^apps\/cli\/src\/simulate\/|^test\/support\/certificates\.ts$/],
];

/** Which libraries each library may load; apps may load all, nothing may load an app. */
const layers: Readonly<Record<string, readonly string[]>> = {
  'event-sourcing': [],
  attestation: [],
  integrity: ['event-sourcing'],
  sealing: ['event-sourcing'],
  postgres: ['event-sourcing', 'sealing'],
  eventstoredb: ['event-sourcing'],
  'reference-hub': ['event-sourcing', 'sealing', 'attestation', 'device-protocols'],
  'hub-gateway': ['event-sourcing', 'attestation'],
  provisioning: ['event-sourcing', 'integrity', 'sealing', 'attestation', 'hub-gateway', 'device-protocols'],
  'device-protocols': [],
  platform: ['provisioning'],
};

const isPackage = (specifier: string, name: string): boolean => specifier === name || specifier.startsWith(`${name}/`);
const libraryOf = (path: string): string | undefined => /^libs\/([^/]+)\//.exec(path)?.[1];

function importsAgainst(
  files: readonly SourceFile[],
  isForbidden: (specifier: string, file: string | undefined) => boolean,
): string[] {
  return files.flatMap(({ path, imports }) =>
    imports.filter(({ specifier, file }) => isForbidden(specifier, file)).map(({ specifier }) => `${path} imports ${specifier}`),
  );
}

describe('adapters are the only importers of their clients', () => {
  it.each(soleImporters)('%s', (name, place) => {
    const importers = sourceFiles.filter(({ imports }) => imports.some(({ specifier }) => isPackage(specifier, name)));
    expect(importers.length).toBeGreaterThan(0);
    expect(importers.map(({ path }) => path).filter((path) => !place.test(path))).toEqual([]);
  });
});

describe('the kernel', () => {
  it('loads no framework, no package and nothing that does I/O', () => {
    const allowed = ['node:timers/promises', 'node:util'];
    const files = productFiles(/^libs\/event-sourcing\//);
    expect(importsAgainst(files, (specifier, file) => file === undefined && !allowed.includes(specifier))).toEqual([]);
  });
});

describe('layers', () => {
  it.each(Object.keys(layers))('%s loads only what lies below it', (library) => {
    const allowed = [library, ...(layers[library] ?? [])];
    const files = productFiles(new RegExp(`^libs/${library}/`));
    expect(importsAgainst(files, (_, file) => file !== undefined && !allowed.includes(libraryOf(file) ?? 'an app'))).toEqual([]);
  });

  it('knows every library but those that only wire', () => {
    const libraries = new Set(productFiles(/^libs\//).map(({ path }) => libraryOf(path)));
    expect([...libraries].filter((name) => name !== undefined && name !== 'runtime' && !Object.hasOwn(layers, name))).toEqual([]);
  });

  it('have no cycle of files', () => {
    expect(importCycles(productFiles(/^(libs|apps)\//))).toEqual([]);
  });
});

describe('apps', () => {
  it('hold no rule and no stored contract', () => {
    const suffixes = /\.(decider|rules|events|projection|queries|controller|process)\.ts$/;
    expect(productFiles(/^apps\//).filter(({ path }) => suffixes.test(path))).toEqual([]);
  });
});

describe('controllers', () => {
  it('load no database, no store, no decider', () => {
    const forbidden = /^libs\/(postgres|eventstoredb|platform)\/|\.(decider|process)\.ts$/;
    const files = productFiles(/\.controller\.ts$/);
    expect(importsAgainst(files, (_, file) => file !== undefined && forbidden.test(file))).toEqual([]);
  });
});

describe('what must survive a restart', () => {
  it('never rides on the in-memory parts of @nestjs/cqrs', () => {
    const inMemory = /\b(EventBus|AggregateRoot|EventPublisher|EventsHandler|Saga|EventsHandler)\b/;
    const importers = sourceFiles.filter(
      (file) => !isTest(file) && file.imports.some(({ specifier }) => specifier === '@nestjs/cqrs'),
    );
    expect(importers.length).toBeGreaterThan(0);
    const clauses = importers.flatMap(({ path, text }) =>
      [...text.matchAll(/import[^;]*from '@nestjs\/cqrs'/g)].map(([clause]) => `${path}: ${clause}`),
    );
    expect(clauses.filter((clause) => inMemory.test(clause))).toEqual([]);
  });
});
