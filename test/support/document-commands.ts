import { ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MarkdownPage } from './markdown';

/** A block of shell commands in a document, and what the document says of it. */
export interface DocumentCommands {
  /** `docs/tutorial/first-move.md:12` */
  readonly place: string;
  readonly text: string;
  /** Why it cannot run in a test; null when it does run. */
  readonly notRun: string | null;
  /** The document runs it while the service is stopped. */
  readonly stopped: boolean;
  /** Lines that the output has in this order; `…` stands for anything. Of the `text` block right behind. */
  readonly output: readonly string[];
}

/** The `sh` blocks of a page. Error: attributes that mean nothing here, or a mark without a reason. */
export function commandsIn(page: MarkdownPage): readonly DocumentCommands[] {
  return page.blocks.flatMap((block, index) => {
    if (block.language !== 'sh') return [];
    const place = `${page.path}:${block.line}`;
    const [, notRun = null] = /^not-run reason="([^"]{10,})"$/.exec(block.attributes) ?? [];
    const stopped = block.attributes === 'stopped';
    if (notRun === null && !stopped && block.attributes !== '') throw new Error(`${place}: what is "${block.attributes}"?`);
    const next = page.blocks[index + 1];
    const output = next?.language === 'text' ? next.text.split('\n').filter((line) => line.trim() !== '') : [];
    return [{ place, text: block.text, notRun, stopped, output }];
  });
}

const BLOCK_TIMEOUT_MS = 30_000;

/** One shell for one page: what a block defines, later ones have. It ends at the first command that fails. */
export class DocumentShell {
  private blocks = 0;
  private stdout = '';
  private stderr = '';
  private closed = false;
  private readonly child: ChildProcess;

  private constructor(
    private readonly scratch: string,
    directory: string,
  ) {
    const path = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
    const env = { PATH: path, HOME: scratch, TMPDIR: scratch, LANG: 'C.UTF-8' };
    this.child = spawn('bash', ['--noprofile', '--norc'], { cwd: directory, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.child.once('close', () => (this.closed = true));
    // Writing to a shell that has ended is no news: `run` says that it has.
    this.child.stdin?.on('error', () => undefined);
    this.child.stdin?.write('set -eo pipefail\n');
  }

  static async open(directory: string): Promise<DocumentShell> {
    return new DocumentShell(await mkdtemp(join(tmpdir(), 'rehome-document-')), directory);
  }

  /** What the commands wrote to standard output. Error: with place and all that they wrote, when one fails or they take longer than 30 s. */
  async run(place: string, text: string): Promise<string> {
    const file = join(this.scratch, `block-${++this.blocks}.sh`);
    const mark = `-- end of block ${this.blocks} --`;
    await writeFile(file, `${text}\n`);
    this.stdout = '';
    this.stderr = '';
    // Standard input is empty: it is where the shell itself gets its commands from.
    this.child.stdin?.write(`. '${file}' </dev/null\necho\necho '${mark}'\n`);
    const deadline = Date.now() + BLOCK_TIMEOUT_MS;
    while (!this.stdout.includes(`\n${mark}\n`)) {
      if (this.closed || Date.now() > deadline) {
        const what = this.closed ? 'failed' : `took longer than ${BLOCK_TIMEOUT_MS} ms`;
        throw new Error(
          `${place}: ${what}:\n${text}\n-- standard output --\n${this.stdout}\n-- standard error --\n${this.stderr}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.stdout.slice(0, this.stdout.indexOf(`\n${mark}\n`));
  }

  async close(): Promise<void> {
    if (!this.closed) this.child.kill('SIGKILL');
    await rm(this.scratch, { recursive: true, force: true });
  }
}

/** The first expected line that is not in the output behind the ones before it; undefined when all are. */
export function missingLine(output: string, expected: readonly string[]): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  let from = 0;
  return expected.find((line) => {
    const pattern = line.trim().split('…').map(escaped).join('.*');
    const found = lines.findIndex((candidate, index) => index >= from && new RegExp(`^${pattern}$`).test(candidate));
    from = found + 1;
    return found < 0;
  });
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
