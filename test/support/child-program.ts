import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface ChildProgram {
  readonly child: ChildProcess;
  /** Lines of standard output that are complete so far. */
  lines(): string[];
  /** Resolves when `count` lines are there; rejects with the program's output when it ends before. */
  untilLines(count: number): Promise<void>;
  /** Ends it at once, with nothing in it getting a chance, and waits until it is gone. */
  killNow(): Promise<void>;
}

const POLL_MS = 10;

/** Runs a TypeScript program of the repository as a process of its own, as another user when one is named. */
export function startChildProgram(file: string, args: readonly string[], userId?: number): ChildProgram {
  const identity = userId === undefined ? {} : { uid: userId, gid: userId };
  const child = spawn(process.execPath, ['--require', join(__dirname, 'typescript-hook.js'), file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...identity,
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const lines = (): string[] => output.split('\n').slice(0, -1);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    lines,
    untilLines: async (count) => {
      while (lines().length < count) {
        if (hasEnded()) throw new Error(`${file} ended with ${child.exitCode ?? child.signalCode}: ${output}${errors}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    killNow: async () => {
      if (hasEnded()) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}
