import { createReadStream } from 'node:fs';
import { FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { parseRoot, SignedRoot } from './roots';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** The roots of one log, a line each, appended and never changed; kept apart from the events they speak of. */
export class RootFile {
  private handle: FileHandle | undefined;

  constructor(readonly path: string) {}

  /** Mends a line that a crash has left half written, and gives the last whole one; undefined for none. */
  async open(): Promise<SignedRoot | undefined> {
    await mkdir(dirname(this.path), { recursive: true, mode: DIRECTORY_MODE });
    this.handle = await open(this.path, 'a', FILE_MODE);
    const text = await readFile(this.path, 'utf8');
    const whole = text.lastIndexOf('\n') + 1;
    if (whole < text.length) await truncate(this.path, Buffer.byteLength(text.slice(0, whole)));
    const last = text.slice(0, whole).trimEnd().split('\n').at(-1) ?? '';
    if (last === '') return undefined;
    const root = parseRoot(last);
    if (root === null) throw new Error(`the last line of ${this.path} is no signed root`);
    return root;
  }

  /** Durable when it resolves. */
  async append(root: SignedRoot): Promise<void> {
    if (this.handle === undefined) throw new Error(`${this.path} is not open`);
    await this.handle.appendFile(`${JSON.stringify(root)}\n`);
    await this.handle.datasync();
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }

  /** In order; null stands for a line that is no root. Nothing for a file that is not there. */
  async *read(): AsyncGenerator<SignedRoot | null> {
    const stream = createReadStream(this.path, 'utf8');
    try {
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) if (line !== '') yield parseRoot(line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    } finally {
      stream.destroy();
    }
  }
}
