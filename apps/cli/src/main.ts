import process, { argv, env, stderr, stdout } from 'node:process';
import { runCommandLine } from './command-line';

const interrupted = new AbortController();
// A second Ctrl-C ends the process as the system does it.
process.once('SIGINT', () => interrupted.abort());
// Whoever reads a pipe may have seen enough.
stdout.on('error', () => process.exit(0));

void runCommandLine(argv.slice(2), { stdout, stderr, env, signal: interrupted.signal }).then((code) => {
  // What is still in a pipe is written before the process ends.
  stdout.write('', () => process.exit(code));
});
