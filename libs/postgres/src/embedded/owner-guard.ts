import { stat } from 'node:fs/promises';
import { createServer, Server } from 'node:net';
import { EmbeddedPostgresError } from './embedded-postgres-error';

export interface OwnerGuard {
  release(): void;
}

/**
 * Keeps two living processes from taking each other's server for a leftover. On Linux the guard is a name in the kernel's abstract
 * socket space, which vanishes with its process. Elsewhere the caller's own lock on the data directory has to do.
 *
 * Errors: `EmbeddedPostgresError` when another process runs a server on this directory.
 */
export async function guardOwner(dataDir: string): Promise<OwnerGuard> {
  if (process.platform !== 'linux') return { release: () => undefined };
  const { dev, ino } = await stat(dataDir);
  const server = createServer((socket) => socket.destroy());
  await listen(server, `\0rehome-postgres-${dev}-${ino}`, dataDir);
  server.unref();
  return { release: () => server.close() };
}

function listen(server: Server, name: string, dataDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') reject(cause);
      else reject(new EmbeddedPostgresError(`another process already runs the database in ${dataDir}; stop it first`, { cause }));
    });
    server.listen(name, () => resolve());
  });
}
