import { setTimeout as sleep } from 'node:timers/promises';

/** Calls in a row that got no answer, each after all of its attempts, before the hub counts as unreachable. */
export const FAILED_CALLS_MAX = 2;
/** Pause between two looks at a hub that counts as unreachable. */
const PROBE_EVERY_MS = 1_000;
/** After this many looks in vain the hub is left alone, and the next calls find out for themselves. */
const PROBES_MAX = 600;

export interface CircuitBreakerOptions {
  /** Whether the hub answers now, whatever it answers. */
  readonly probe: () => Promise<boolean>;
  readonly probeEveryMs?: number;
  /** Ends the looking. */
  readonly closing: AbortSignal;
}

/**
 * Whether a hub can be reached, as seen from this process. While it cannot, calls fail at once instead of holding up everybody behind
 * their time limits; no device has to be the one that finds out that it is back, because the breaker looks by itself.
 */
export class CircuitBreaker {
  private failures = 0;
  private open = false;

  constructor(private readonly options: CircuitBreakerOptions) {}

  get isOpen(): boolean {
    return this.open;
  }

  answered(): void {
    this.failures = 0;
    this.open = false;
  }

  gaveNoAnswer(): void {
    this.failures++;
    if (this.open || this.failures < FAILED_CALLS_MAX) return;
    this.open = true;
    void this.lookUntilItAnswers();
  }

  private async lookUntilItAnswers(): Promise<void> {
    const { probe, closing, probeEveryMs = PROBE_EVERY_MS } = this.options;
    for (let probes = 0; probes < PROBES_MAX && this.open; probes++) {
      try {
        await sleep(probeEveryMs, undefined, { signal: closing, ref: false });
      } catch {
        return;
      }
      if (await probe()) break;
    }
    this.answered();
  }
}
