import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { clientConfig, PgConfig } from '../pool';

/** Lines of PostgreSQL's pid file, from 0. */
const PORT_LINE = 3;
const SOCKET_DIRECTORY_LINE = 4;

/**
 * The embedded server that another process of ours runs on this data directory now, for a tool beside the service; undefined when
 * none answers.
 */
export async function findRunningPostgres(dataDir: string): Promise<PgConfig | undefined> {
  const text = await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const host = lines[SOCKET_DIRECTORY_LINE] ?? '';
  if (host === '') return undefined;
  const config = { host, port: Number(lines[PORT_LINE]), user: 'postgres', database: 'rehome' };
  const client = new Client(clientConfig(config, { applicationName: 'rehome-probe' }));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return config;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
