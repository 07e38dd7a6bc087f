import { argv, exit } from 'node:process';
import { runCommandLine } from './command-line';

void runCommandLine(argv.slice(2)).then((code) => {
  exit(code);
});
