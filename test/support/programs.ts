import { ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as this user and group; the caller must be root. */
  readonly userId?: number;
}

export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the name of the signal that ended it, when its output has ended as well. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** The built service, as `npm start` runs it after the build. */
export const SERVICE = ['--disable-warning=ExperimentalWarning', '--enable-source-maps', resolve('dist/apps/api/main.js')];

/** Runs a program with nothing of the caller's configuration in its environment. */
export function startProgram(command: string, args: readonly string[], { env = {}, userId }: ProgramOptions = {}): Program {
  const foreign = (name: string): boolean => name.startsWith('REHOME_') || name.startsWith('IOT') || name === 'ESDB_URL';
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign(name)));
  const identity = userId === undefined ? {} : { uid: userId, gid: userId };
  const child = spawn(command, args, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals>((settle, reject) => {
    child.once('error', reject).once('close', (code, signal) => settle(code ?? signal ?? 'SIGKILL'));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** The service's process on a data directory and any free port. */
export function startServiceProgram(dataDir: string, { env, userId }: ProgramOptions = {}): Program {
  const own = { REHOME_HTTPS_PORT: '0', REHOME_MQTT_PORT: '0', REHOME_AMQP_PORT: '0', ...env, REHOME_DATA_DIR: dataDir };
  return startProgram(process.execPath, SERVICE, { env: own, ...(userId === undefined ? {} : { userId }) });
}

/** Process id of the database server on a data directory, from the file that PostgreSQL keeps while it runs. */
export async function databasePid(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** False also for the remains of a process that nobody has waited for yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !existsSync('/proc/self/cmdline') || commandLine(pid) !== '';
}

/** Processes whose command line names this path; only Linux tells, elsewhere there are none. */
export function processesNaming(path: string): number[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => pid !== process.pid && commandLine(pid).includes(path));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
