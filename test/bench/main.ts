import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { closeAgents } from '@test/support/clients';
import { ServiceProcess, startServiceProcess } from '@test/support/service-process';
import { benchAuditHistory } from './audit-history/bench';
import { Bench } from './bench';
import { benchIntegrity } from './integrity/bench';
import { BenchOptions, parseOptions, usage } from './options';
import { benchMillionFleet } from './million-fleet/bench';
import { Profiler } from './profiler';
import { costTable, figuresTable, profileText } from './report';
import { benchTimeTravel } from './time-travel/bench';

const EXIT_FAILED = 1;
const EXIT_BAD_USE = 2;
const BYTES_PER_GB = 1024 ** 3;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Starts the service in a directory that is gone afterwards, measures it, prints, and leaves nothing running. */
async function main(options: BenchOptions): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-bench-'));
  const dataDir = join(directory, 'data');
  const profiler = new Profiler(options.profileDir);
  let service: ServiceProcess | undefined;
  // The load then fails, and what was started is stopped and removed as after any failure.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => service?.kill('SIGTERM'));
  try {
    const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / BYTES_PER_GB)} GB, ${process.platform} ${process.arch}`;
    say(`${machine}, Node ${process.version}; service, PostgreSQL, two reference hubs and the load generator share it`);
    service = await startServiceProcess({ dataDir, env: { REHOME_LOG_LEVEL: 'warn', ...(await profiler.environment()) } });
    const bench = new Bench(service, dataDir, options, profiler, (phase) => say(`  ${phase} …`));
    const { figures, costs, profiles } = await bench.run();
    const profiled = profiles.map(({ name, summary }) => profileText(name, summary));
    say(['', figuresTable(figures), '', costTable(costs), ...profiled, ''].join('\n'));
    return 0;
  } catch (error) {
    say(`The benchmark failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (service !== undefined) say(service.output());
    return EXIT_FAILED;
  } finally {
    closeAgents();
    await service?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function optionsOrExit(): BenchOptions {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(EXIT_BAD_USE);
  }
}

const [part, ...partArgs] = process.argv.slice(2);
if (part === 'time-travel') void benchTimeTravel(partArgs);
else if (part === 'history') void benchAuditHistory(partArgs);
else if (part === 'integrity') void benchIntegrity(partArgs);
else if (part === 'dashboard') void benchMillionFleet(partArgs);
else void main(optionsOrExit()).then((code) => process.exit(code));
