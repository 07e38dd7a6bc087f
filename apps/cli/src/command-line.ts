import yargs from 'yargs';

/** Runs one command line; resolves with the exit code: 0 done, 1 the answer is "no", 2 wrong usage, 3 the service cannot be reached or refused. */
export async function runCommandLine(args: string[]): Promise<number> {
  await yargs(args).scriptName('rehome').strict().parseAsync();
  return 0;
}
