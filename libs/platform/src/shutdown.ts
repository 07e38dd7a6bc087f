import type { Logger } from './logger';

/** What one step may take unless it says otherwise. */
export const STEP_TIMEOUT_MS = 10_000;
const EXIT_CLEAN = 0;
const EXIT_UNCLEAN = 1;
const EXIT_FORCED = 130;

interface Step {
  readonly name: string;
  readonly timeoutMs: number;
  stop(): Promise<void> | void;
}

/**
 * Stops a process in order: what was started last stops first. Each step is bounded in time, and one that fails does not keep the
 * others from running. The first SIGINT or SIGTERM begins, a second one ends the process at once.
 */
export class Shutdown {
  private readonly steps: Step[] = [];
  private running: Promise<boolean> | undefined;

  constructor(private readonly logger: Pick<Logger, 'info' | 'error'>) {}

  /** To be called right after the part has started. */
  add(name: string, stop: Step['stop'], timeoutMs: number = STEP_TIMEOUT_MS): void {
    this.steps.push({ name, timeoutMs, stop });
  }

  /** Runs all steps once, however often it is called; true when all of them ended well and in time. */
  run(reason: string): Promise<boolean> {
    this.running ??= this.runSteps(reason);
    return this.running;
  }

  /** Ends the process with 0 after a clean shutdown, 1 after an unclean one, 130 when forced. */
  listenToSignals(exit: (code: number) => void = (code) => process.exit(code)): void {
    const onSignal = (signal: NodeJS.Signals): void => {
      if (this.running !== undefined) {
        this.logger.error({ signal }, 'second signal: ending without waiting');
        exit(EXIT_FORCED);
        return;
      }
      void this.run(signal).then((clean) => exit(clean ? EXIT_CLEAN : EXIT_UNCLEAN));
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  }

  private async runSteps(reason: string): Promise<boolean> {
    this.logger.info({ reason }, 'stopping');
    let clean = true;
    // Taken one by one, so that a part that was still starting when the signal came is stopped as well.
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      const startedMs = performance.now();
      try {
        await withinTime(step);
        this.logger.info({ step: step.name, durationMs: Math.round(performance.now() - startedMs) }, 'stopped');
      } catch (err) {
        clean = false;
        this.logger.error({ step: step.name, err }, 'did not stop well');
      }
    }
    return clean;
  }
}

async function withinTime(step: Step): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${step.name} did not stop within ${step.timeoutMs} ms`)), step.timeoutMs);
  });
  try {
    await Promise.race([step.stop(), late]);
  } finally {
    clearTimeout(timer);
  }
}
