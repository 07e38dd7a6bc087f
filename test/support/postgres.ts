import { createDatabase, dropDatabase, onDatabase, PgConfig } from '@app/postgres';
import { randomBytes } from 'node:crypto';

/** Set by the global setup: a `TestServer` as JSON. */
export const TEST_SERVER_VARIABLE = 'REHOME_TEST_POSTGRES';

export interface TestServer {
  /** Reaches a database of the server from which others can be created. */
  readonly config: PgConfig;
  /** The whole server is removed after the run, so its databases need not be dropped one by one, which costs a checkpoint each. */
  readonly disposable: boolean;
}

export interface TestDatabase {
  readonly config: PgConfig;
  drop(): Promise<void>;
}

/** The server that this test run shares: the one the global setup started, or `DATABASE_URL`. */
export function testServer(): TestServer {
  const text = process.env[TEST_SERVER_VARIABLE];
  if (text === undefined) throw new Error('no test server: is this file in a jest project with the global setup?');
  return JSON.parse(text) as TestServer;
}

/** A database of its own for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { config: server, disposable } = testServer();
  const name = `rehome_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await createDatabase(server, name);
  return { config: onDatabase(server, name), drop: () => (disposable ? Promise.resolve() : dropDatabase(server, name)) };
}
