export interface RetrySettings {
  /** Failed attempts after which a delivery is a dead letter. */
  readonly attemptsMax: number;
  readonly firstRetryMs: number;
}

/** Longest pause between two attempts. */
export const RETRY_MS_MAX = 60_000;
/** Failures in a row, of more than one stream, that are taken for an outage of the receiver. */
export const OUTAGE_FAILURES = 5;

/** `lot` from 0 to 1 keeps those that failed together from coming back together: the pause is half to all of its length. */
export function pauseMs(failures: number, firstRetryMs: number, lot: number): number {
  const whole = Math.min(RETRY_MS_MAX, firstRetryMs * 2 ** Math.max(0, failures - 1));
  return Math.round(whole / 2 + (whole / 2) * lot);
}

/** Pause before the next attempt; null after the last one. */
export function retryAfterMs(attempts: number, { attemptsMax, firstRetryMs }: RetrySettings, lot: number): number | null {
  return attempts >= attemptsMax ? null : pauseMs(attempts, firstRetryMs, lot);
}

/**
 * What a failure says of the receiver: `away` where it may be down or overloaded, so that any event would have failed; `refused` where it
 * answered that it does not want this one.
 */
export function kindOfFailure(status: number | null): 'away' | 'refused' {
  return status === null || status >= 500 || status === 408 || status === 429 ? 'away' : 'refused';
}

/** Failures since the last success, over all streams of one webhook. */
export interface FailureStreak {
  readonly failures: number;
  readonly keys: ReadonlySet<string>;
  /** Failures of deliveries that were sent to find out whether the receiver is back, one after the other. */
  readonly probes: number;
}

export const noFailures: FailureStreak = { failures: 0, keys: new Set(), probes: 0 };

/** `isProbe`: it was sent during the outage; what failed side by side at its beginning says nothing of how long it lasts. */
export function afterFailure({ failures, keys, probes }: FailureStreak, orderKey: string, isProbe: boolean): FailureStreak {
  // Two are enough to tell one bad event from a receiver that is away.
  const known = keys.size < 2 ? new Set([...keys, orderKey]) : keys;
  return { failures: failures + 1, keys: known, probes: probes + (isProbe ? 1 : 0) };
}

/** During an outage one delivery at a time is tried, and attempts do not count: nothing becomes a dead letter for being sent then. */
export function isOutage({ failures, keys }: FailureStreak): boolean {
  return failures >= OUTAGE_FAILURES && keys.size > 1;
}
