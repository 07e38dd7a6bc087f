import { setFlagsFromString } from 'node:v8';
import {
  Configuration,
  ConfigurationError,
  DataDirectoryError,
  ListenError,
  Role,
  Shutdown,
  createLogger,
  loadConfiguration,
} from '@app/platform';
import { EmbeddedPostgresError } from '@app/postgres';
import { startService } from './start-service';

const EXIT_FAILED = 1;
const EXIT_BAD_CONFIGURATION = 2;

/**
 * V8 lets the heap grow to a multiple of what is alive before it looks for garbage; half again is enough here, costs no measurable
 * time and keeps the process a third smaller under load (docs/benchmarks.md).
 */
const HEAP_SETTING = '--heap-growing-percent=40';

/**
 * A whole process: reads the environment, starts, says hello, stops on a signal. What an operator can mend is one clear line on
 * standard error and exit code 2 (configuration) or 1; only what is our fault shows a stack.
 */
export async function run(fixedRoles?: readonly Role[]): Promise<void> {
  setFlagsFromString(HEAP_SETTING);
  let configuration: Configuration;
  try {
    const environment = fixedRoles === undefined ? process.env : { ...process.env, REHOME_ROLES: fixedRoles.join(',') };
    configuration = loadConfiguration(environment);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_BAD_CONFIGURATION);
  }
  const log = createLogger({ level: configuration.logLevel });
  const shutdown = new Shutdown(log);
  shutdown.listenToSignals();
  try {
    const service = await startService(configuration, log, shutdown);
    process.stdout.write(service.greeting);
  } catch (error) {
    await shutdown.run('start failed');
    if (error instanceof ConfigurationError) exitWith(error.message, EXIT_BAD_CONFIGURATION);
    if (isOperational(error)) exitWith(error.message, EXIT_FAILED);
    log.fatal({ err: error }, 'the service could not start');
    process.exit(EXIT_FAILED);
  }
}

function isOperational(error: unknown): error is Error {
  return error instanceof DataDirectoryError || error instanceof ListenError || error instanceof EmbeddedPostgresError;
}

function exitWith(message: string, code: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
