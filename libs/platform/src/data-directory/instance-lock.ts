import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataDirectoryError } from './data-directory-error';

/** macOS allows 104 bytes in a socket's path, Linux 108, both with a closing zero. */
const SOCKET_PATH_BYTES_MAX = 103;
const HOLDER_ANSWER_TIMEOUT_MS = 1000;
const HOLDER_ANSWER_BYTES_MAX = 200;
/** How long a fresh lock is looked at again: longer than another starter needs between its check and its rename of a stale lock. */
const SETTLE_MS = 50;
const TAKEOVERS_MAX = 20;

export interface InstanceLock {
  release(): Promise<void>;
}

/**
 * Makes this process the only one on a data directory. The lock is a listening socket in it: a killed process stops listening at
 * once, so nothing stale can block; no process id is compared, so none can be mistaken after reuse; and a second container on the
 * same volume of one machine reaches the same socket. Machines that share a directory over a network are not told apart.
 *
 * Errors: `DataDirectoryError` that names the holder's process id.
 */
export async function acquireInstanceLock(directory: string): Promise<InstanceLock> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`process ${process.pid} on ${hostname()}`);
  });
  if (process.platform === 'win32') return lockPipe(server, directory);
  const path = await socketPath(directory);
  const temporary = `${path}.${randomBytes(3).toString('hex')}`;
  await listen(server, temporary);
  // The lock alone must not keep a finished program alive.
  server.unref();
  try {
    await takePlace(temporary, path, directory);
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    release: async () => {
      await rm(path, { force: true });
      server.close();
    },
  };
}

/** Windows removes a pipe with its process, so the name itself is the lock. */
async function lockPipe(server: Server, directory: string): Promise<InstanceLock> {
  const path = `\\\\.\\pipe\\rehome-${digest(directory.toLowerCase())}`;
  try {
    await listen(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw inUse(directory, (await askHolder(path)) ?? 'another process');
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function takePlace(temporary: string, path: string, directory: string): Promise<void> {
  const own = (await stat(temporary)).ino;
  try {
    await linkWhenFree(temporary, path, directory);
  } finally {
    await rm(temporary, { force: true });
  }
  await sleep(SETTLE_MS);
  const current = await stat(path).catch(() => undefined);
  if (current?.ino !== own) throw inUse(directory, (await askHolder(path)) ?? 'another process that started at the same time');
}

async function linkWhenFree(temporary: string, path: string, directory: string): Promise<void> {
  for (let takeovers = 0; takeovers < TAKEOVERS_MAX; takeovers++) {
    try {
      // Unlike bind or rename, a hard link both refuses an existing name and appears with its listener behind it.
      await link(temporary, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await askHolder(path);
    if (holder !== undefined) throw inUse(directory, holder);
    await removeStale(path, directory);
  }
  throw inUse(directory, 'other processes that start again and again');
}

/** Moves the stale socket aside first: what was moved is asked again, because another starter may have taken the place meanwhile. */
async function removeStale(path: string, directory: string): Promise<void> {
  const aside = `${path}.${randomBytes(3).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = await askHolder(aside);
  if (holder !== undefined) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  if (holder !== undefined) throw inUse(directory, holder);
}

/** Who listens there; undefined when nobody does. A holder too busy to answer is still a holder. */
function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let connected = false;
    let answer = '';
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(connected ? answer.trim() || 'another process' : undefined);
    };
    const timer = setTimeout(() => {
      connected = true;
      finish();
    }, HOLDER_ANSWER_TIMEOUT_MS);
    socket.setEncoding('utf8');
    socket.on('connect', () => (connected = true));
    socket.on('data', (chunk: string) => {
      answer = (answer + chunk).slice(0, HOLDER_ANSWER_BYTES_MAX);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: the holder's queue of connections is full, so there is a holder.
      if (error.code === 'EAGAIN') connected = true;
      finish();
    });
    socket.on('end', finish);
  });
}

async function socketPath(directory: string): Promise<string> {
  const inside = join(directory, 'lock');
  const suffixBytes = 7;
  if (Buffer.byteLength(inside) + suffixBytes <= SOCKET_PATH_BYTES_MAX) return inside;
  const own = join(tmpdir(), `rehome-${process.getuid?.() ?? 0}`);
  await mkdir(own, { recursive: true, mode: 0o700 });
  const owner = (await stat(own)).uid;
  if (owner !== process.getuid?.())
    throw new DataDirectoryError(`${own} belongs to another user; set TMPDIR to another directory`);
  return join(own, digest(directory));
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

function inUse(directory: string, holder: string): DataDirectoryError {
  return new DataDirectoryError(
    `the data directory ${directory} is in use by ${holder}; stop it first, or set REHOME_DATA_DIR to another directory`,
  );
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
