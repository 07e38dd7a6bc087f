const { readFileSync, readdirSync, existsSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');

/** Jest on Node 20 cannot require ESM, so packages that are ESM-only go through swc as well. */
function esmOnlyPackages() {
  const root = join(__dirname, 'node_modules');
  const names = readdirSync(root).flatMap((entry) =>
    entry.startsWith('@') ? readdirSync(join(root, entry)).map((name) => `${entry}/${name}`) : [entry],
  );
  return names.filter((name) => {
    const manifest = join(root, name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
  });
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const swcOptions = (syntax) => ({
  jsc: {
    parser: { syntax, decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
    target: 'es2023',
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
});

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': ['@swc/jest', swcOptions('typescript')],
    '^.+\\.m?js$': ['@swc/jest', swcOptions('ecmascript')],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnlyPackages().map(escape).join('|')})/)`],
  moduleNameMapper: {
    '^@app/([^/]+)$': '<rootDir>/libs/$1/src',
    '^@app/([^/]+)/(.*)$': '<rootDir>/libs/$1/src/$2',
    '^@test/support/(.*)$': '<rootDir>/test/support/$1',
  },
};

const embeddedPostgres = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

/** Suffixes choose the project: `.spec.ts` pure, `.contract.ts` adapters, `.integration.ts` one part on PostgreSQL, `.e2e.ts` the whole over sockets. */
module.exports = {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{libs,apps,test,scripts}/**/*.spec.ts'] },
    { ...shared, ...embeddedPostgres, displayName: 'contract', testMatch: ['<rootDir>/libs/**/*.contract.ts'] },
    { ...shared, ...embeddedPostgres, displayName: 'integration', testMatch: ['<rootDir>/{libs,apps,test}/**/*.integration.ts'] },
    { ...shared, ...embeddedPostgres, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e.ts'] },
    { ...shared, ...embeddedPostgres, displayName: 'reliability', testMatch: ['<rootDir>/test/reliability/**/*.reliability.ts'] },
  ],
  // Tests that start a whole service wait for it more than they compute, so two cores take two at a time and not one, as jest would.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 60_000,
};
