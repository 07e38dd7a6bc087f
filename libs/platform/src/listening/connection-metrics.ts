import type { Logger } from '../logger';

/** Log lines about refused connections in one second; what is beyond is counted, so that a flood does not become a flood of logs. */
const REFUSAL_LINES_PER_SECOND_MAX = 100;
const SECOND_MS = 1_000;

/** Why a connection was refused or ended by the service: a word of a fixed set, and what a person may want to know beside it. */
export interface Refusal {
  /** The protocol, for example `mqtt`. */
  readonly protocol: string;
  readonly reason: string;
  readonly remoteAddress: string;
  readonly detail?: string;
}

/** Counts what comes in at every door, and says why something was not let in. */
export class ConnectionMetrics {
  private readonly counters = new Map<string, number>();
  private secondStartedMs = 0;
  private lines = 0;
  private suppressed = 0;

  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Adds one, or takes one away from a gauge. Names are words of the code, never of a client. */
  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  refused(refusal: Refusal): void {
    this.count(`${refusal.protocol}.refused.${refusal.reason}`);
    if (this.mayWrite()) {
      const suppressed = this.suppressed === 0 ? {} : { suppressedLines: this.suppressed };
      this.suppressed = 0;
      this.log.warn({ ...refusal, ...suppressed }, 'connection refused');
    } else this.suppressed++;
  }

  /** Every counter by name, sorted. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counters].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private mayWrite(): boolean {
    const nowMs = this.nowMs();
    if (nowMs - this.secondStartedMs >= SECOND_MS) {
      this.secondStartedMs = nowMs;
      this.lines = 0;
    }
    return ++this.lines <= REFUSAL_LINES_PER_SECOND_MAX;
  }
}
