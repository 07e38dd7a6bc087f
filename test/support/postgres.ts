import { createDatabase, dropDatabase, onDatabase, PgConfig } from '@app/postgres';
import { randomBytes } from 'node:crypto';

/** Set by the global setup: JSON of the configuration that reaches the test server's maintenance database. */
export const TEST_SERVER_VARIABLE = 'REHOME_TEST_POSTGRES';

export interface TestDatabase {
  readonly config: PgConfig;
  drop(): Promise<void>;
}

/** The server that this test run shares: the one the global setup started, or `DATABASE_URL`. */
export function testServer(): PgConfig {
  const text = process.env[TEST_SERVER_VARIABLE];
  if (text === undefined) throw new Error('no test server: is this file in a jest project with the global setup?');
  return JSON.parse(text) as PgConfig;
}

/** A database of its own for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = testServer();
  const name = `rehome_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await createDatabase(server, name);
  return { config: onDatabase(server, name), drop: () => dropDatabase(server, name) };
}
