import { load, YAML11_SCHEMA } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { variableNames } from '@app/platform/configuration/variables';

interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks: readonly string[] | Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

const root = join(__dirname, '..', '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const text = read('docker-compose.yml');
// The older schema knows merge keys (`<<`), which compose files use.
const composition = load(text, { schema: YAML11_SCHEMA }) as Composition;
const services = Object.entries(composition.services);
const ours = services.filter(([, { image }]) => image?.startsWith('rehome:'));
const theirs = services.filter(([, { image }]) => !image?.startsWith('rehome:'));
const dockerfile = read('Dockerfile');

const SECRET_NAME = /PASSWORD|SECRET|TOKEN|_URL$|(?<!FILE)_KEY$/;
const REQUIRED_VARIABLE = /\$\{[A-Z_]+:\?[^}]+\}/;
const PINNED_TAG = /^[a-z0-9./-]+:\d+\.\d+[\w.-]*$/;

describe('docker-compose.yml', () => {
  it('has the event store, PostgreSQL, api, worker and two hubs', () => {
    expect(Object.keys(composition.services).sort()).toEqual(['api', 'eventstore', 'hub-a', 'hub-b', 'postgres', 'worker']);
    expect(ours.map(([name]) => name)).toEqual(['api', 'worker', 'hub-a', 'hub-b']);
  });

  it.each(services)('pins the image of %s', (_, { image }) => {
    expect(image).toMatch(PINNED_TAG);
  });

  it('takes an event store release under an open-source licence', () => {
    const [, major = '', minor = ''] = /eventstore:(\d+)\.(\d+)\./.exec(composition.services.eventstore?.image ?? '') ?? [];
    expect(Number(major) * 100 + Number(minor)).toBeGreaterThan(2300);
    expect(Number(major) * 100 + Number(minor)).toBeLessThan(2410);
  });

  it.each(theirs)('has a health check for %s and runs it as an ordinary user', (_, { healthcheck, user }) => {
    expect(healthcheck?.test[0]).toBe('CMD');
    expect(user).toMatch(/^(?!root|0)/);
  });

  it.each(ours)('starts %s, of the image with a health check and an ordinary user, when the stores are healthy', (_, service) => {
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
    expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('FROM '));
    expect(service.user).toBeUndefined();
    expect(service.depends_on).toEqual({
      eventstore: { condition: 'service_healthy' },
      postgres: { condition: 'service_healthy' },
    });
  });

  it.each(services)('takes privileges from %s', (_, { cap_drop, security_opt }) => {
    expect(cap_drop).toEqual(['ALL']);
    expect(security_opt).toEqual(['no-new-privileges:true']);
  });

  it.each(services)('keeps the data of %s in a volume of its own', (name, { volumes = [] }) => {
    const named = volumes.map((volume) => volume.split(':')[0] ?? '').filter((source) => /^[a-z]/.test(source));
    expect(named).not.toEqual([]);
    for (const source of named) {
      expect(Object.keys(composition.volumes)).toContain(source);
      expect(services.filter(([, other]) => other.volumes?.some((volume) => volume.startsWith(`${source}:`)))).toHaveLength(1);
    }
    expect(named.every((source) => source.startsWith(name))).toBe(true);
  });

  it.each(services)('has no secret of %s in clear: each comes from a variable that must be set', (_, { environment }) => {
    const secrets = Object.entries(environment).filter(([name]) => SECRET_NAME.test(name));
    expect(secrets).not.toEqual([]);
    for (const [, value] of secrets) expect(value).toMatch(REQUIRED_VARIABLE);
  });

  it('gives every variable a default or a message, and no secret a default', () => {
    const variables = [...text.matchAll(/\$\{([A-Z_]+)([^}]*)\}/g)].map(([, name = '', rest = '']) => ({ name, rest }));
    expect(variables.length).toBeGreaterThan(5);
    expect(variables.filter(({ rest }) => !/^:[?-]./.test(rest))).toEqual([]);
    expect(variables.filter(({ name, rest }) => SECRET_NAME.test(name) && rest.startsWith(':-'))).toEqual([]);
  });

  it('takes certificates and keys from files outside the repository', () => {
    const files = Object.entries(composition.secrets);
    expect(files.map(([name]) => name).sort()).toEqual([
      'ca.pem',
      'eventstore-key.pem',
      'eventstore.pem',
      'rehome-key.pem',
      'rehome.pem',
    ]);
    for (const [, { file }] of files) expect(file).toMatch(/^\$\{REHOME_TLS_DIR:\?/);
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    expect([...used].sort()).toEqual(files.map(([name]) => name).sort());
  });

  it('shows the stores to nobody outside', () => {
    expect(composition.networks.inside?.internal).toBe(true);
    for (const [, { networks, ports }] of theirs) {
      expect(networks).toEqual(['inside']);
      expect(ports).toBeUndefined();
    }
  });

  it.each(ours)('sets only variables for %s that the program knows', (_, { environment }) => {
    const names = Object.keys(environment);
    expect(names).toContain('DATABASE_URL');
    expect(names.filter((name) => !(variableNames as readonly string[]).includes(name))).toEqual([]);
  });

  it.each(ours)('starts a program for %s that the image builds', (_, { command = [] }) => {
    const [, application] = /^dist\/apps\/(\w+)\/main\.js$/.exec(command[1] ?? '') ?? [];
    const [, built = ''] = /build\.mjs (.+)/.exec(dockerfile) ?? [];
    expect(built.split(' ')).toContain(application);
  });
});

describe('Dockerfile', () => {
  it('pins its base image and installs exactly what the lock says', () => {
    expect(/^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1]).toMatch(PINNED_TAG);
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(Array(3).fill('${NODE_IMAGE}'));
    expect(dockerfile.match(/npm ci/g)).toHaveLength(2);
    expect(dockerfile).not.toMatch(/npm i(nstall)? /);
  });

  it('takes the release of Node that the project is developed with', () => {
    expect(dockerfile).toContain(`node:${read('.nvmrc').trim().split('.')[0]}.`);
  });

  it('can copy only what .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((source) => !allowed.includes(source))).toEqual([]);
    expect(read('.dockerignore').split('\n')).toContain('*');
  });
});
