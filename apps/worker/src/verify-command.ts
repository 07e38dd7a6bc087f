import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Verdict } from '@app/integrity';
import { Configuration, ConfigurationError, loadConfiguration } from '@app/platform';
import { LogName, logNames } from '@app/provisioning';
import { openAuditTrail } from '@app/runtime';
import { Surroundings } from './rebuild-command';
import { openVerifyStorage } from './verify-storage';

const EXIT_INTACT = 0;
const EXIT_BROKEN = 1;
const EXIT_BAD_USE = 2;
const USAGE = `verify [--log ${logNames.join('|')}] [--from <position>] [--to <position>]\n`;
const PROGRESS_EVERY_EVENTS = 50_000;

/**
 * `verify`: reads the logs straight from the database, without the service, and checks chain, roots and signatures. The service may
 * be running. Gives the exit code: 0 intact, 1 changed by another hand, 2 wrong arguments or configuration.
 */
export async function runVerify(args: readonly string[], { env, stdout, stderr }: Surroundings = process): Promise<number> {
  let configuration: Configuration;
  let wanted: ReturnType<typeof argumentsIn>;
  try {
    configuration = loadConfiguration(env);
    wanted = argumentsIn(args);
  } catch (error) {
    if (!(error instanceof ConfigurationError || error instanceof TypeError)) throw error;
    stderr.write(`${error.message}\n${USAGE}`);
    return EXIT_BAD_USE;
  }
  const storage = await openVerifyStorage(configuration, stderr);
  try {
    const directory = configuration.auditDir ?? join(configuration.dataDir, 'audit');
    const trail = await openAuditTrail({ directory, logs: storage.logs, macKey: storage.macKey });
    let intact = true;
    for (const log of wanted.logs) {
      let toldEvents = 0;
      const onProgress = ({ events }: { events: number }): void => {
        if (events - toldEvents < PROGRESS_EVERY_EVENTS) return;
        toldEvents = events;
        stderr.write(`${log}: ${events} events\n`);
      };
      const verdict = await trail.verify({ log, ...wanted.range }, onProgress, new AbortController().signal);
      stdout.write(verdictText(verdict));
      intact &&= verdict.intact;
    }
    return intact ? EXIT_INTACT : EXIT_BROKEN;
  } finally {
    await storage.close();
  }
}

function argumentsIn(args: readonly string[]): { logs: readonly LogName[]; range: { from?: string; to?: string } } {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { log: text, from: text, to: text } });
  const { log, from, to } = values;
  const logs = logNames.filter((name) => log === undefined || name === log);
  if (logs.length === 0) throw new TypeError(`there is no log "${log ?? ''}"`);
  return { logs, range: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) } };
}

export function verdictText(verdict: Verdict): string {
  const { log, intact, events, streams, roots, unsigned, unchained, firstBreak } = verdict;
  const older = unchained === 0 ? '' : `, ${unchained} of them from before the chain`;
  const counted = `${events} events of ${streams} streams, ${roots} signed roots, ${unsigned} events not signed yet${older}`;
  if (intact || firstBreak === null) return `${log}: intact (${counted})\n`;
  const { position, stream, revision, reason } = firstBreak;
  const where = position === null ? '' : ` at position ${position} (${stream ?? ''}, revision ${revision ?? ''})`;
  return `${log}: BROKEN${where}: ${reason}\n`;
}
