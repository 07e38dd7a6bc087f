import { Log } from '@app/event-sourcing';
import { spawn } from 'node:child_process';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Binaries } from './binaries';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { giveTo, ServerIdentity } from './server-identity';

const MAJOR_VERSION = '18';
const CLUSTER_NAME = 'cluster';
const UNFINISHED_NAME = 'cluster.unfinished';
const INITDB_OUTPUT_CHARS_MAX = 4_000;

/**
 * The database cluster inside `dataDir`, created on first use. It is created beside its place and moved there when it is complete
 * and on the disk, so that a crash in between leaves nothing that looks like a cluster.
 *
 * Errors: `EmbeddedPostgresError` for a cluster of another major version, or when it cannot be created.
 */
export async function prepareCluster(dataDir: string, binaries: Binaries, identity: ServerIdentity, log: Log): Promise<string> {
  const clusterDir = join(dataDir, CLUSTER_NAME);
  if (!(await readdir(dataDir)).includes(CLUSTER_NAME)) {
    log.info({ clusterDir }, 'creating the database cluster');
    await createCluster(dataDir, binaries, identity);
  }
  await checkVersion(clusterDir);
  await giveTo(identity, clusterDir);
  return clusterDir;
}

async function createCluster(dataDir: string, binaries: Binaries, identity: ServerIdentity): Promise<void> {
  const unfinished = join(dataDir, UNFINISHED_NAME);
  await rm(unfinished, { recursive: true, force: true });
  // Trust is for the socket alone: the server listens nowhere else, and only its owner may enter the socket's directory.
  const settings = ['--username=postgres', '--auth-local=trust', '--auth-host=reject'];
  const locale = ['--locale=C.UTF-8', '--encoding=UTF8'];
  const args = ['-D', unfinished, ...settings, ...locale, '--data-checksums', '--no-instructions'];
  await run(identity.wrap({ program: binaries.initdb, args }), dataDir);
  await rename(unfinished, join(dataDir, CLUSTER_NAME));
  const directory = await open(dataDir);
  await directory.sync().finally(() => directory.close());
}

async function checkVersion(clusterDir: string): Promise<void> {
  const found = (await readFile(join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (found === MAJOR_VERSION) return;
  const what = found === '' ? 'holds no PostgreSQL cluster' : `is a cluster of PostgreSQL ${found}`;
  throw new EmbeddedPostgresError(
    `${clusterDir} ${what}, and this program brings PostgreSQL ${MAJOR_VERSION}. Move the data directory away, or set DATABASE_URL to a server that runs it.`,
  );
}

function run({ program, args }: { program: string; args: readonly string[] }, cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-INITDB_OUTPUT_CHARS_MAX);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (cause) => reject(new EmbeddedPostgresError(`cannot run ${program}`, { cause })));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(new EmbeddedPostgresError(`the database cluster cannot be created (initdb ended with ${code}): ${output.trim()}`));
    });
  });
}
