import { Log, silentLog } from '@app/event-sourcing';
import { ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '../databases';
import { PgConfig } from '../pool';
import { Binaries, locateBinaries } from './binaries';
import { prepareCluster } from './cluster';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { clearLeftovers, stopServer } from './leftover-server';
import { guardOwner } from './owner-guard';
import { chooseIdentity, endWithParent, giveTo, ServerIdentity } from './server-identity';
import { prepareSocketDirectory } from './socket-directory';

export interface EmbeddedPostgresOptions {
  /** A directory that belongs to this server alone; created when missing. */
  readonly dataDir: string;
  readonly log?: Log;
}

export interface EmbeddedPostgres {
  /** Reaches the database `rehome` over the socket; no password. */
  readonly config: PgConfig;
  /** Resolves when the server ended, with its exit code, whether it was asked to or not. */
  readonly ended: Promise<number | null>;
  /** Shuts the server down cleanly; may be called twice. */
  stop(): Promise<void>;
}

const DATABASE_NAME = 'rehome';
const PORT = 5432;
/** Recovery after a crash replays at most two checkpoints' worth of log, seconds as a rule. */
const START_TIMEOUT_MS = 120_000;
const START_POLL_MS = 10;
/** Backends of a killed server may hold its shared memory for a moment. */
const START_ATTEMPTS_MAX = 5;
const START_RETRY_DELAY_MS = 500;
const LOG_TAIL_CHARS = 2_000;
const LOG_FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Durability settings stay as PostgreSQL ships them: fsync, full_page_writes and synchronous_commit on. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '200',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%a ',
};

/**
 * Starts PostgreSQL from the binaries of the npm package as a child of this process, on a unix socket only. On Linux the child ends
 * with this process however it ends; what a killed process left behind is cleared away at the next start.
 *
 * Errors: `EmbeddedPostgresError` with what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? silentLog;
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const guard = await guardOwner(dataDir);
  try {
    const identity = chooseIdentity();
    await giveTo(identity, dataDir);
    const binaries = await locateBinaries();
    const clusterDir = await prepareCluster(dataDir, binaries, identity, log);
    await clearLeftovers(clusterDir, log);
    const server = { binaries, identity, clusterDir, socketDir: await prepareSocketDirectory(dataDir, identity) };
    const logFile = join(dataDir, 'server.log');
    const child = await startServer(server, logFile, log);
    const config = { host: server.socketDir, port: PORT, user: 'postgres', database: DATABASE_NAME };
    await createDatabase({ ...config, database: 'postgres' }, DATABASE_NAME);
    log.info({ serverPid: child.pid, clusterDir }, 'the embedded database is ready');
    return running(child, config, () => guard.release());
  } catch (error) {
    guard.release();
    throw error;
  }
}

interface ServerPlace {
  readonly binaries: Binaries;
  readonly identity: ServerIdentity;
  readonly clusterDir: string;
  readonly socketDir: string;
}

async function startServer(place: ServerPlace, logFile: string, log: Log): Promise<ChildProcess> {
  for (let attempt = 1; ; attempt++) {
    const logStart = await trimmedLogSize(logFile);
    const child = await spawnServer(place, logFile);
    try {
      await untilReady(child, place.clusterDir);
      return child;
    } catch (cause) {
      if (isRunning(child)) await stopServer(child.pid ?? 0, () => isRunning(child));
      const tail = (await readFile(logFile)).subarray(logStart).toString().slice(-LOG_TAIL_CHARS).trim();
      if (!tail.includes('shared memory block') || attempt === START_ATTEMPTS_MAX) {
        throw new EmbeddedPostgresError(`the embedded database does not start; its log (${logFile}) ends with: ${tail}`, {
          cause,
        });
      }
      log.warn({ attempt }, 'an earlier database server still holds its memory; trying again');
      await sleep(START_RETRY_DELAY_MS);
    }
  }
}

async function spawnServer({ binaries, identity, clusterDir, socketDir }: ServerPlace, logFile: string): Promise<ChildProcess> {
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: socketDir });
  const args = ['-D', clusterDir, '-p', String(PORT), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const { program, args: wrapped } = identity.wrap(endWithParent({ program: binaries.postgres, args }));
  const output = await open(logFile, 'a', 0o600);
  try {
    // A session of its own keeps Ctrl-C in a terminal from stopping the database before the application has drained.
    const child = spawn(program, wrapped, { cwd: clusterDir, detached: true, stdio: ['ignore', output.fd, output.fd] });
    child.on('error', () => undefined);
    return child;
  } finally {
    await output.close();
  }
}

/** The server writes its state as the last line of its pid file. */
async function untilReady(child: ChildProcess, clusterDir: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.pid === undefined || !isRunning(child)) throw new Error('the server ended at once');
    const lines = (await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (lines[0] === String(child.pid) && lines.some((line) => line.trim() === 'ready')) return;
    await sleep(START_POLL_MS);
  }
  throw new Error(`the server is not ready after ${START_TIMEOUT_MS} ms`);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function running(child: ChildProcess, config: PgConfig, release: () => void): EmbeddedPostgres {
  const stopAtExit = (): void => void child.kill('SIGINT');
  process.once('exit', stopAtExit);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      process.off('exit', stopAtExit);
      release();
      resolve(code);
    });
  });
  // The application decides how long it lives; the database alone must not keep it alive.
  child.unref();
  const stop = async (): Promise<void> => {
    if (isRunning(child)) await stopServer(child.pid ?? 0, () => isRunning(child));
    await ended;
  };
  return { config, ended, stop };
}

async function trimmedLogSize(logFile: string): Promise<number> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= LOG_FILE_BYTES_MAX) return size;
  await rm(logFile, { force: true });
  return 0;
}
