import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

export interface DashboardFile {
  readonly content: Buffer;
  /** Undefined where compression gains nothing. */
  readonly gzip: Buffer | undefined;
  readonly contentType: string;
  /** The name holds a hash of the content. */
  readonly immutable: boolean;
}

/** A build has about twenty files; what has more is not ours. */
const FILES_MAX = 200;
const PAGE = 'index.html';
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The built page in memory, each file compressed once. Paths are looked up, never joined to a directory. */
export class DashboardFiles {
  private constructor(private readonly files: ReadonlyMap<string, DashboardFile>) {}

  /** Nothing where the directory does not exist. */
  static async read(directory: string): Promise<DashboardFiles> {
    const found = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
    const names = found
      .filter((entry) => entry.isFile() && contentTypes[extname(entry.name)] !== undefined)
      .map((entry) => join(entry.parentPath, entry.name))
      .slice(0, FILES_MAX);
    const files = await Promise.all(names.map(async (path) => [path.slice(directory.length + 1), await fileAt(path)] as const));
    return new DashboardFiles(new Map(files.map(([name, file]) => [name.replaceAll('\\', '/'), file])));
  }

  /** The page itself, for every path that is not a file's: it looks at the address by itself. */
  get page(): DashboardFile | undefined {
    return this.files.get(PAGE);
  }

  file(name: string): DashboardFile | undefined {
    return this.files.get(name);
  }
}

async function fileAt(path: string): Promise<DashboardFile> {
  const content = await readFile(path);
  const gzip = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
  return {
    content,
    gzip: gzip.length < content.length ? gzip : undefined,
    contentType: contentTypes[extname(path)] ?? 'application/octet-stream',
    immutable: /-[\w-]{8}\.\w+$/.test(path),
  };
}
