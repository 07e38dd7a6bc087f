import { RebuildProgress } from '@app/postgres';

/** Where progress is shown; `process.stdout` fits. */
export interface DisplayTarget {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TERMINAL_INTERVAL_MS = 100;
/** A log file wants few lines. */
const LINE_INTERVAL_MS = 3_000;
const CLEAR_LINE = '\r\u001b[2K';

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** One line that is written over on a terminal; elsewhere a line every few seconds. */
export class ProgressDisplay {
  private shownAtMs: number;
  private shownPhase: RebuildProgress['phase'] = 'reading';
  private dirty = false;

  constructor(
    private readonly name: string,
    private readonly target: DisplayTarget,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.shownAtMs = nowMs();
  }

  show(progress: RebuildProgress): void {
    const terminal = this.target.isTTY === true;
    const now = this.nowMs();
    const due = now - this.shownAtMs >= (terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS);
    if (!due && !(terminal && progress.phase !== this.shownPhase)) return;
    this.shownAtMs = now;
    this.shownPhase = progress.phase;
    this.target.write(terminal ? `${CLEAR_LINE}${this.text(progress)}` : `${this.text(progress)}\n`);
    this.dirty = terminal;
  }

  /** To be called before anything else is written. */
  clear(): void {
    if (this.dirty) this.target.write(CLEAR_LINE);
    this.dirty = false;
  }

  private text({ phase, events, eventsPerSecond, fraction, remainingMs }: RebuildProgress): string {
    const read = `${this.name}: ${phase}, ${count.format(events)} events, ${count.format(eventsPerSecond)}/s`;
    if (phase !== 'reading' || fraction === null || remainingMs === null) return read;
    return `${read}, ${Math.floor(fraction * 100)} %, ${Math.ceil(remainingMs / 1_000)} s left`;
  }
}
