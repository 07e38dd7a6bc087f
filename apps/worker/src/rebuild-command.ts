import { Projection } from '@app/event-sourcing';
import { Configuration, ConfigurationError, DataDirectoryError, loadConfiguration } from '@app/platform';
import { EmbeddedPostgresError, rebuildProjection, RebuildStopped, RebuildUnderWay } from '@app/postgres';
import { DisplayTarget, ProgressDisplay } from './progress-display';
import { reportText } from './rebuild-report';
import { openRebuildStorage, RebuildStorage } from './rebuild-storage';

/** What a command sees of its process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: DisplayTarget;
  readonly stderr: { write(text: string): unknown };
}

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_BAD_USE = 2;
const COMPARE_ONLY = '--compare-only';

/**
 * `rebuild <name> [--compare-only]`: rebuilds one read model from the log, compares it with the live one, and switches. The service
 * may be running. Gives the exit code: 0 done, 1 failed, 2 wrong arguments or configuration.
 */
export async function runRebuild(
  args: readonly string[],
  projections: readonly Projection[],
  surroundings: Surroundings = process,
): Promise<number> {
  const { env, stderr } = surroundings;
  const names = args.filter((argument) => argument !== COMPARE_ONLY);
  const projection = names.length === 1 ? projections.find(({ name }) => name === names[0]) : undefined;
  if (projection === undefined) {
    const wrong = names.length === 1 ? `there is no read model "${names[0] ?? ''}"` : 'name one read model';
    stderr.write(`${wrong}: ${projections.map(({ name }) => name).join(', ')}\n`);
    return EXIT_BAD_USE;
  }
  let configuration: Configuration;
  try {
    configuration = loadConfiguration(env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    stderr.write(`${error.message}\n`);
    return EXIT_BAD_USE;
  }
  try {
    await rebuild(configuration, projection, !args.includes(COMPARE_ONLY), surroundings);
    return EXIT_DONE;
  } catch (error) {
    stderr.write(`${isExpected(error) ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    return EXIT_FAILED;
  }
}

async function rebuild(
  configuration: Configuration,
  projection: Projection,
  switchOver: boolean,
  { stdout, stderr }: Surroundings,
): Promise<void> {
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort(new Interrupted());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const display = new ProgressDisplay(projection.name, stdout);
  let storage: RebuildStorage | undefined;
  try {
    storage = await openRebuildStorage(configuration, stderr);
    const { store, config } = storage;
    const report = await rebuildProjection({
      store,
      config,
      projection,
      switchOver,
      signal: interrupted.signal,
      onProgress: (progress) => display.show(progress),
    });
    display.clear();
    stdout.write(reportText(report));
  } finally {
    display.clear();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await storage?.close();
  }
}

class Interrupted extends Error {
  constructor() {
    super('interrupted; the live read model is as it was');
    this.name = 'Interrupted';
  }
}

/** What a person can do something about; everything else shows where it came from. */
function isExpected(error: unknown): error is Error {
  const expected = [Interrupted, RebuildStopped, RebuildUnderWay, DataDirectoryError, EmbeddedPostgresError];
  return expected.some((type) => error instanceof type);
}
