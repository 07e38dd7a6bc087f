import './aliases';
import { EmbeddedPostgres, startEmbeddedPostgres } from '@app/postgres';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_SERVER_VARIABLE, TestServer } from './postgres';

interface SharedServer {
  readonly postgres: EmbeddedPostgres;
  readonly directory: string;
}

declare global {
  var rehomeTestServer: SharedServer | undefined;
}

/** Jest runs this once per project in one process: the first call starts the server, the others find it. */
export default async function startTestServer(): Promise<void> {
  if (process.env[TEST_SERVER_VARIABLE] !== undefined) return;
  const url = process.env.DATABASE_URL;
  if (url !== undefined && url !== '') {
    makeKnown({ config: { connectionString: url }, disposable: false });
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'rehome-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres') }).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  globalThis.rehomeTestServer = { postgres, directory };
  makeKnown({ config: postgres.config, disposable: true });
}

/** Jest's workers inherit the environment. */
function makeKnown(server: TestServer): void {
  process.env[TEST_SERVER_VARIABLE] = JSON.stringify(server);
}

/** The last use of the server; a second call finds nothing to stop. */
export async function stopTestServer(): Promise<void> {
  const shared = globalThis.rehomeTestServer;
  globalThis.rehomeTestServer = undefined;
  await shared?.postgres.stop();
  if (shared !== undefined) await rm(shared.directory, { recursive: true, force: true });
}
