/** Failures from one address within the window, after which it has to wait for the window to end. */
export const FAILURES_MAX = 10;
export const WINDOW_MS = 5 * 60_000;
const ADDRESSES_MAX = 10_000;

/** Who guesses tokens, by client address. Where there are too many addresses, the one counted first is forgotten. */
export class FailedSignIns {
  private readonly byAddress = new Map<string, { failures: number; readonly untilMs: number }>();

  /** Milliseconds until this address may try again; 0 when it may now. */
  waitMs(address: string, now: Date): number {
    const known = this.current(address, now);
    return known !== undefined && known.failures >= FAILURES_MAX ? known.untilMs - now.getTime() : 0;
  }

  note(address: string, now: Date): void {
    const known = this.current(address, now);
    if (known !== undefined) {
      known.failures += 1;
      return;
    }
    const oldest = this.byAddress.keys().next();
    if (this.byAddress.size >= ADDRESSES_MAX && oldest.done !== true) this.byAddress.delete(oldest.value);
    this.byAddress.set(address, { failures: 1, untilMs: now.getTime() + WINDOW_MS });
  }

  private current(address: string, now: Date): { failures: number; readonly untilMs: number } | undefined {
    const known = this.byAddress.get(address);
    if (known === undefined || known.untilMs > now.getTime()) return known;
    this.byAddress.delete(address);
    return undefined;
  }
}
