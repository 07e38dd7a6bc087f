import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error';

/** PostgreSQL refuses to run as root; this is "nobody", who owns nothing else. */
const NOBODY_ID = 65_534;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** As whom the server runs, and how a command is started as that user. */
export interface ServerIdentity {
  /** Who must own the files, as seen from outside. */
  readonly userId: number;
  wrap(command: Command): Command;
}

/**
 * An ordinary user runs the server directly. Root runs it in a user namespace of its own, where root's files belong to "nobody":
 * so it also works inside directories that only root may enter. Where namespaces are forbidden, it really becomes "nobody".
 *
 * Errors: `EmbeddedPostgresError` when root has neither way.
 */
export function chooseIdentity(): ServerIdentity {
  const ownId = process.getuid?.() ?? 0;
  if (ownId !== 0) return { userId: ownId, wrap: (command) => command };
  const inNamespace = ['-U', `--map-user=${NOBODY_ID}`, `--map-group=${NOBODY_ID}`, '--'];
  if (runs('unshare', inNamespace)) return { userId: 0, wrap: (command) => prefixed('unshare', inNamespace, command) };
  const asNobody = [`--reuid=${NOBODY_ID}`, `--regid=${NOBODY_ID}`, '--clear-groups', '--'];
  if (runs('setpriv', asNobody)) return { userId: NOBODY_ID, wrap: (command) => prefixed('setpriv', asNobody, command) };
  throw new EmbeddedPostgresError(
    'embedded PostgreSQL cannot run as root here: neither "unshare -U" nor "setpriv" works. Start as an ordinary user, or set DATABASE_URL.',
  );
}

/** On Linux the kernel shuts the server down when this process dies, however it dies. Innermost, because changes of user clear it. */
export function endWithParent(command: Command): Command {
  const signal = ['--pdeathsig', 'INT', '--'];
  if (process.platform !== 'linux' || !runs('setpriv', signal)) return command;
  return prefixed('setpriv', signal, command);
}

/** Gives a directory with all that is in it to the server's user, when root ran the server in another way before. */
export async function giveTo(identity: ServerIdentity, path: string): Promise<void> {
  const stat = await lstat(path);
  if (stat.uid === identity.userId) return;
  if (process.getuid?.() !== 0) {
    throw new EmbeddedPostgresError(`${path} belongs to another user (id ${stat.uid}); start as that user`);
  }
  if (stat.isDirectory()) {
    for (const name of await readdir(path)) await giveTo(identity, join(path, name));
  }
  // The directory itself comes last, so that an interrupted change is taken up again.
  await chown(path, identity.userId, identity.userId);
}

function prefixed(program: string, args: readonly string[], command: Command): Command {
  return { program, args: [...args, command.program, ...command.args] };
}

function runs(program: string, args: readonly string[]): boolean {
  const truth = ['/bin/true', '/usr/bin/true'].find((path) => existsSync(path)) ?? 'true';
  return spawnSync(program, [...args, truth], { stdio: 'ignore' }).status === 0;
}
