import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { giveTo, ServerIdentity } from './server-identity';

/** macOS takes 104 bytes for a socket's path, Linux 108, both with a closing zero; the lock file beside it is 5 bytes longer. */
const SOCKET_PATH_BYTES_MAX = 103;
const SOCKET_NAME = '.s.PGSQL.5432';

/**
 * A directory for the server's socket that nobody else may enter: this is what guards the database, which asks for no password there.
 * It lies inside the data directory, or under the system's temporary directory when the data directory's path is too long for a socket.
 */
export async function prepareSocketDirectory(dataDir: string, identity: ServerIdentity): Promise<string> {
  const directory = [join(dataDir, 'socket'), elsewhere(tmpdir(), dataDir), elsewhere('/tmp', dataDir)].find(fits);
  if (directory === undefined) throw new EmbeddedPostgresError('no directory with a path short enough for a socket');
  await mkdir(directory, { mode: 0o700 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  const stat = await lstat(directory);
  const own = process.getuid?.() ?? stat.uid;
  if (!stat.isDirectory() || (stat.uid !== own && stat.uid !== identity.userId)) {
    throw new EmbeddedPostgresError(`${directory} was made by somebody else; remove it, or set TMPDIR to another directory`);
  }
  await chmod(directory, 0o700);
  await giveTo(identity, directory);
  return directory;
}

function fits(directory: string): boolean {
  return Buffer.byteLength(join(directory, SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX;
}

function elsewhere(parent: string, dataDir: string): string {
  const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(parent, `rehome-${process.getuid?.() ?? 0}-${digest}`);
}
