/** Wakes whoever waits for something new; counts, so that a ring between a look and a wait is not missed. */
export class Bell {
  private readonly waiting = new Set<() => void>();
  private count = 0;

  /** How often it rang: to be read before looking. */
  get rings(): number {
    return this.count;
  }

  ring(): void {
    this.count += 1;
    for (const wake of [...this.waiting]) wake();
  }

  /** Resolves at the first ring after the `seen`-th, after `timeoutMs`, or when `signal` aborts; whichever is first. */
  after(seen: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.count !== seen || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
