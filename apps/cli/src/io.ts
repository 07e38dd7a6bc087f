/** Where a command writes; `process.stdout` and `process.stderr` fit. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Everything that a command has of the process it runs in. */
export interface Io {
  readonly stdout: Output;
  /** Messages and progress go here, so that the output can be piped. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Colours are for people at a terminal who have not said no (no-color.org). */
export function isColoured(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

const RED = '\u001b[31m';
const RESET = '\u001b[39m';

/** One message on standard error; red at a terminal. */
export function complain({ stderr, env }: Io, message: string): void {
  const text = `error: ${message}`;
  stderr.write(isColoured(stderr, env) ? `${RED}${text}${RESET}\n` : `${text}\n`);
}
