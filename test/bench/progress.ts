const TERMINAL_INTERVAL_MS = 200;
/** A file that takes the output wants few lines. */
const LINE_INTERVAL_MS = 5_000;
const CLEAR_LINE = '\r\u001b[2K';
const MS_PER_S = 1_000;

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** How far a long phase is: one line that is written over on a terminal, elsewhere a line every few seconds. */
export class Progress {
  private readonly startedAtMs = performance.now();
  private shownAtMs = this.startedAtMs;

  constructor(
    private readonly what: string,
    private readonly total: number,
  ) {}

  show(done: number): void {
    const nowMs = performance.now();
    const isTerminal = process.stdout.isTTY;
    if (nowMs - this.shownAtMs < (isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    this.shownAtMs = nowMs;
    const perSecond = (done * MS_PER_S) / (nowMs - this.startedAtMs);
    const leftS = perSecond > 0 ? `, ${Math.ceil((this.total - done) / perSecond)} s left` : '';
    const line = `  ${this.what}: ${count.format(done)} of ${count.format(this.total)}, ${count.format(perSecond)}/s${leftS}`;
    process.stdout.write(isTerminal ? `${CLEAR_LINE}${line}` : `${line}\n`);
  }

  /** To be called before anything else is written. */
  end(): void {
    if (process.stdout.isTTY) process.stdout.write(CLEAR_LINE);
  }
}
