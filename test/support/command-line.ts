import { resolve } from 'node:path';
import { startProgram } from './programs';

export interface Ran {
  readonly code: number | NodeJS.Signals;
  readonly out: string;
  readonly err: string;
}

const PROGRAM = resolve('dist/apps/cli/main.js');

/** Runs the built command line with nothing of the caller's configuration in its environment. Words are separated by spaces, or given as they are. */
export async function rehome(line: string | readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const words = typeof line === 'string' ? line.split(' ') : line;
  const program = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...words], { env });
  const code = await program.ended;
  return { code, out: program.stdout(), err: program.stderr() };
}
