/** What the shell is told. */
export const exitCode = {
  /** Done. */
  ok: 0,
  /** The answer is "no": there is no such thing, a log was changed, read models differ, devices failed. */
  no: 1,
  /** The command line is not as `--help` says. */
  usage: 2,
  /** The service cannot be reached, or it refused. */
  refused: 3,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Ends a command with a message for a person and an exit code. */
export class CommandFailed extends Error {
  constructor(
    message: string,
    readonly code: ExitCode,
  ) {
    super(message);
    this.name = 'CommandFailed';
  }
}

export const usageError = (message: string): CommandFailed => new CommandFailed(message, exitCode.usage);
