import { EventStoreUnavailable, Log } from '@app/event-sourcing';
import { Backoff, backoffMs, sleep, within } from './backoff';
import { isTransient, reasonOf, toPortError } from './errors';

/** Tries of one append or read before the caller is told that the store is not available. */
export const ATTEMPTS_MAX = 4;

const BETWEEN_ATTEMPTS: Backoff = { delayMinMs: 50, delayMaxMs: 1_000 };

export interface Attempts {
  /** For messages: what is being tried. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Aborts when the store is closed. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Runs `attempt` at most `ATTEMPTS_MAX` times while its errors are transient. Each try has its own timeout: the client's batch
 * append ignores its deadline, and a call on a connection that went silent would wait for ever.
 *
 * Errors: `EventStoreUnavailable` when the tries are spent or the store was closed; any other error of `attempt` as it is.
 */
export async function withAttempts<T>({ what, timeoutMs, signal, log }: Attempts, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    if (signal.aborted) throw new EventStoreUnavailable(`${what}: the event store is closed`);
    try {
      return await within(what, timeoutMs, attempt());
    } catch (error) {
      if (!isTransient(error) || failures + 1 >= ATTEMPTS_MAX) throw toPortError(what, error);
      log.warn({ what, failures: failures + 1, reason: reasonOf(error) }, 'event store did not answer, trying again');
    }
    await sleep(backoffMs(failures, BETWEEN_ATTEMPTS), signal);
  }
}
