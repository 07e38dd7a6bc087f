import { Log } from '@app/event-sourcing';
import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error';

const POLL_MS = 20;
/** How long a server may take for each way of stopping, the gentlest first. */
const STOP_STEPS = [
  { signal: 'SIGINT', timeoutMs: 20_000 },
  { signal: 'SIGQUIT', timeoutMs: 5_000 },
  { signal: 'SIGKILL', timeoutMs: 5_000 },
] as const;

/**
 * Clears away what a killed process left on a cluster: a server that still runs is stopped, a `postmaster.pid` that names no server
 * of this cluster is removed. The caller has made sure that no living process uses the cluster.
 *
 * Errors: `EmbeddedPostgresError` when the server survives every signal.
 */
export async function clearLeftovers(clusterDir: string, log: Log): Promise<void> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) {
    await rm(pidFile, { force: true });
    return;
  }
  if (await isServerOf(clusterDir, pid)) {
    log.warn({ serverPid: pid }, 'stopping a database server that was left by a process that died');
    await stopServer(pid, () => isServerOf(clusterDir, pid));
  }
  await rm(pidFile, { force: true });
}

/** Stops a server gently, then less gently; `runs` says whether it is still there. */
export async function stopServer(pid: number, runs: () => boolean | Promise<boolean>): Promise<void> {
  for (const { signal, timeoutMs } of STOP_STEPS) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (!(await runs())) return;
      await sleep(POLL_MS);
    }
  }
  throw new EmbeddedPostgresError(`the database server (process ${pid}) does not stop`);
}

/** A process id alone proves nothing after a restart of the machine or container, so the command line must name this cluster. */
async function isServerOf(clusterDir: string, pid: number): Promise<boolean> {
  const args = await commandLine(pid);
  return args.includes('postgres') && args.includes(clusterDir);
}

/** Empty when there is no such process, or only its unreaped remains. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}
