import { silentLog, Log } from '@app/event-sourcing';
import { DatabaseError } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_DELAY_MS = 25;
const DELAY_MS_MAX = 2_000;

/** Answers of a server that is starting, stopping, out of reach or changing its role, and of a statement that took too long. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57014', // query_canceled, by the statement's time limit
  '53300', // too_many_connections
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '25006', // read_only_sql_transaction: the server became a standby
]);
const CONNECTION_EXCEPTION_CLASS = '08';

const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The driver's own errors for lost connections carry a message only. */
const DRIVER_MESSAGES =
  /connection terminated|connection ended|timeout exceeded when trying to connect|query read timeout|not queryable/i;

/** The same statement may succeed on a new connection; whether it took effect on the old one is not known. */
export function isConnectionLoss(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code = '', message = '' } = error as Partial<NodeJS.ErrnoException>;
  if (error instanceof DatabaseError) return TRANSIENT_CODES.has(code) || code.startsWith(CONNECTION_EXCEPTION_CLASS);
  return SOCKET_CODES.has(code) || DRIVER_MESSAGES.test(message);
}

/** Doubles from attempt to attempt up to a limit, with jitter so that many clients do not come back at the same moment. */
export function backoffMs(attempt: number): number {
  const delayMs = Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  return delayMs * (0.5 + Math.random() / 2);
}

export interface ReconnectOptions {
  readonly what: string;
  readonly log?: Log;
  /** Given up after this long; never when absent, then `signal` ends it. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Repeats `work` while connections are lost. `work` must be safe to repeat. Any other error passes through at once. */
export async function withReconnect<T>(options: ReconnectOptions, work: () => Promise<T>): Promise<T> {
  const { what, log = silentLog, timeoutMs = Infinity, signal } = options;
  const startedAtMs = performance.now();
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const spent = performance.now() - startedAtMs > timeoutMs || signal?.aborted === true;
      if (!isConnectionLoss(error) || spent) throw error;
      if (attempt === 0) log.warn({ error: (error as Error).message }, `connection to the database lost: ${what} is repeated`);
      await sleep(backoffMs(attempt), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }
}
