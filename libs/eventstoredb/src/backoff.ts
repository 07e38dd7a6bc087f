/** Waits between tries: the first about `delayMinMs`, then twice as long each time, never over `delayMaxMs`. */
export interface Backoff {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
}

/** Doublings beyond this cannot matter: the delay has met its maximum long before. */
const DOUBLINGS_MAX = 20;

/** Half of the delay is jitter, so that many clients of one server that came back do not return in the same instant. */
export function backoffMs(failures: number, { delayMinMs, delayMaxMs }: Backoff, random: () => number = Math.random): number {
  const delayMs = Math.min(delayMaxMs, delayMinMs * 2 ** Math.min(failures, DOUBLINGS_MAX));
  return delayMs / 2 + (delayMs / 2) * random();
}

/**
 * Returns after `delayMs`, or at once when `signal` aborts or the function handed to `onStart` is called; never throws. The listener is taken
 * off again: `signal` may outlive thousands of waits.
 */
export function sleep(delayMs: number, signal: AbortSignal, onStart?: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done);
    onStart?.(done);
  });
}

export class TimedOut extends Error {
  constructor(what: string, timeoutMs: number) {
    super(`${what} had no answer within ${timeoutMs} ms`);
    this.name = 'TimedOut';
  }
}

/** Rejects with `TimedOut` when `work` takes longer; whatever becomes of `work` afterwards is nobody's concern. */
export async function within<T>(what: string, timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimedOut(what, timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
