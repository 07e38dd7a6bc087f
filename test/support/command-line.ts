import { resolve } from 'node:path';
import { Program, startProgram } from './programs';

export interface Ran {
  readonly code: number | NodeJS.Signals;
  readonly out: string;
  readonly err: string;
}

const PROGRAM = resolve('dist/apps/cli/main.js');

/** Runs the built command line with nothing of the caller's configuration in its environment. Words are separated by spaces, or given as they are. */
export async function rehome(line: string | readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const program = startRehome(typeof line === 'string' ? line.split(' ') : line, env);
  const code = await program.ended;
  return { code, out: program.stdout(), err: program.stderr() };
}

function startRehome(words: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  return startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...words], { env });
}

/** Lines of a table as cells; columns are two spaces apart. */
export const cells = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

/** Remarks for people that are no errors. */
const REMARK = /^(deleted|unlinked|wrote|discarded|nothing) .*\n$/;

/** The command line of one service. Words with spaces are given apart from the line. */
export class CommandLine {
  constructor(private readonly dataDir: string) {}

  run(line: string, ...more: readonly string[]): Promise<Ran> {
    return rehome([...line.split(' '), ...more, '--data-dir', this.dataDir]);
  }

  /** For commands that a test ends itself. */
  start(line: string): Program {
    return startRehome([...line.split(' '), '--data-dir', this.dataDir]);
  }

  /** What it prints for people. */
  async ok(line: string, ...more: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(line, ...more);
    expect({ line, code, err: err.replace(REMARK, '') }).toEqual({ line, code: 0, err: '' });
    return out;
  }

  /** What it prints for programs. */
  async json(line: string, ...more: readonly string[]): Promise<unknown> {
    const { code, out, err } = await this.run(line, ...more, '-o', 'json');
    expect({ line, code, err }).toEqual({ line, code: 0, err: '' });
    return JSON.parse(out) as unknown;
  }
}
