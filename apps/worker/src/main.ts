import 'reflect-metadata';
import { projections, run } from '@app/runtime';
import { runRebuild } from './rebuild-command';
import { runVerify } from './verify-command';

/** Without arguments: projections and process managers on their own. `rebuild <name>`: one read model, `verify`: the logs; both beside the running service. */
const [command, ...rest] = process.argv.slice(2);
if (command === undefined) void run(['worker']);
else if (command === 'rebuild') void runRebuild(rest, projections).then((code) => process.exit(code));
else if (command === 'verify') void runVerify(rest).then((code) => process.exit(code));
else {
  process.stderr.write(`unknown command "${command}"; there are: rebuild <name>, verify\n`);
  process.exit(2);
}
