import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PRIVATE_FILE_MODE, writeFileAtomically } from './atomic-file';
import { ClientEnv, clientEnvText } from './client-env';
import { Credentials, CREDENTIALS_FILE, GivenCredentials, loadCredentials } from './credentials';
import { DataDirectoryError } from './data-directory-error';
import { acquireInstanceLock } from './instance-lock';

const DIRECTORY_MODE = 0o700;

export interface DataDirectory {
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly credentials: Credentials;
  /** Writes `client.env` (mode 0600) and gives its path. */
  writeClientEnv(client: ClientEnv): Promise<string>;
  /** Lets another process in; the last step of a shutdown. */
  release(): Promise<void>;
}

export interface DataDirectoryOptions {
  readonly given?: GivenCredentials;
  /** Host names of the reference hubs whose owner keys shall be kept. */
  readonly hubs?: readonly string[];
}

/**
 * Opens the data directory for this process alone, making it (mode 0700) and its credentials at first start.
 *
 * Errors: `DataDirectoryError` when it is in use, damaged, or cannot be made.
 */
export async function openDataDirectory(path: string, options: DataDirectoryOptions = {}): Promise<DataDirectory> {
  const directory = await makeDirectory(resolve(path));
  const lock = await acquireInstanceLock(directory);
  try {
    const credentials = await loadCredentials(join(directory, CREDENTIALS_FILE), options.given ?? {}, options.hubs ?? []);
    return {
      path: directory,
      credentials,
      writeClientEnv: async (client) => {
        const file = join(directory, 'client.env');
        await writeFileAtomically(file, clientEnvText(client), PRIVATE_FILE_MODE);
        return file;
      },
      release: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function makeDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
    // A directory that was there before, for example a mounted volume, may be open to others; its secrets must not be.
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, DIRECTORY_MODE);
    return await realpath(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Partial<Record<string, string>> = {
      EACCES: 'permission denied',
      EPERM: 'it belongs to another user and is open to others',
      EROFS: 'the file system is read-only',
      EEXIST: 'a file stands in its place',
      ENOTDIR: 'a part of the path is a file',
    };
    throw new DataDirectoryError(`the data directory ${path} cannot be used: ${reasons[code ?? ''] ?? message}`, {
      cause: error,
    });
  }
}
