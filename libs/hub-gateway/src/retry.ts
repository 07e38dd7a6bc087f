/** Bounds of one call to a hub, its retries included; times in milliseconds. */
export interface HubCallLimits {
  /** One attempt: waiting for a connection, connecting, request and answer. */
  readonly attemptTimeoutMs: number;
  /** All attempts and the pauses between them. */
  readonly callTimeoutMs: number;
  readonly attemptsMax: number;
  /** Pause before the first retry; it doubles with every further one. */
  readonly backOffFirstMs: number;
  readonly backOffMaxMs: number;
}

export const hubCallLimits: HubCallLimits = {
  attemptTimeoutMs: 10_000,
  callTimeoutMs: 30_000,
  attemptsMax: 5,
  backOffFirstMs: 100,
  backOffMaxMs: 5_000,
};

/** Answers after which the same call may succeed later. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * How long to wait before the next attempt: exponential, of which a random half is taken away so that callers who failed together
 * do not come back together; never less than the hub asked for. `attempt` is the number of the attempt that failed, from 1; `random`
 * is in [0, 1).
 */
export function pauseMs(attempt: number, retryAfterMs: number, limits: HubCallLimits, random: number): number {
  const full = Math.min(limits.backOffMaxMs, limits.backOffFirstMs * 2 ** (attempt - 1));
  return Math.max(full * (0.5 + random / 2), retryAfterMs);
}

/** A `Retry-After` header (seconds, or a date) in milliseconds from now; 0 when there is none that can be read. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
