import { Client, DatabaseError, escapeIdentifier } from 'pg';
import { clientConfig, PgConfig } from './pool';

const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';

/** Creates a database unless it exists, as a copy of `template` when one is named. `config` reaches another database of the same server. */
export async function createDatabase(config: PgConfig, name: string, template?: string): Promise<void> {
  const source = template === undefined ? '' : ` template ${escapeIdentifier(template)}`;
  try {
    await run(config, `create database ${escapeIdentifier(name)}${source}`);
  } catch (error) {
    // Two at the same time meet either as "exists" or as a unique violation in the catalogue.
    if (error instanceof DatabaseError && (error.code === DUPLICATE_DATABASE || error.code === UNIQUE_VIOLATION)) return;
    throw error;
  }
}

/** Drops a database if it exists, cutting the connections to it. */
export async function dropDatabase(config: PgConfig, name: string): Promise<void> {
  await run(config, `drop database if exists ${escapeIdentifier(name)} with (force)`);
}

/** The same server, another database. */
export function onDatabase(config: PgConfig, name: string): PgConfig {
  if (config.connectionString === undefined) return { ...config, database: name };
  const url = new URL(config.connectionString);
  url.pathname = `/${encodeURIComponent(name)}`;
  return { ...config, connectionString: url.toString() };
}

async function run(config: PgConfig, statement: string): Promise<void> {
  const client = new Client(clientConfig(config, { applicationName: 'rehome-setup' }));
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
