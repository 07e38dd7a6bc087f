import { Log } from '@app/event-sourcing';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { clientConfig, PgConfig } from '../pool';

/** How often a standby asks whether the leader has gone. */
const ATTEMPT_INTERVAL_MS = 500;
const HEARTBEAT_INTERVAL_MS = 5_000;
/** The server gives up a leader that says nothing for this long, be it frozen or cut off. */
const SILENCE_MAX_MS = 20_000;
const STATEMENT_TIMEOUT_MS = 10_000;

/** Refused as often, the lock is another process's; a session of one's own that was cut may hold it for a moment. */
const REFUSALS_UNNOTED_MAX = 2;

export interface LeadershipOptions {
  /** Names the work in connections and logs; the projections when absent. */
  readonly what?: string;
  /** Called once when another process turns out to lead. */
  readonly onStandby?: () => void;
}

/** A lock that lives as long as its connection. */
export interface Leadership {
  /** Aborts when the connection, and the lock with it, is lost. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/**
 * Waits until this process holds the session lock on a connection of its own. The lock chooses who works; that two who both believe
 * they hold it do no harm is the business of the checkpoints. Undefined when `signal` aborted first. Errors: as the connection gives.
 */
export async function acquireLeadership(
  config: PgConfig,
  lock: number,
  signal: AbortSignal,
  log: Log,
  { what = 'projections', onStandby }: LeadershipOptions = {},
): Promise<Leadership | undefined> {
  const lost = new AbortController();
  const client = new Client(
    clientConfig(config, { applicationName: `rehome-${what}-lock`, statementTimeoutMs: STATEMENT_TIMEOUT_MS }),
  );
  client.on('error', (error) => {
    log.warn({ error: error.message }, `the connection that holds the ${what} lock was lost`);
    lost.abort();
  });
  client.on('end', () => lost.abort());
  try {
    await client.connect();
    await client.query(`set idle_session_timeout = ${SILENCE_MAX_MS}; set tcp_keepalives_idle = ${SILENCE_MAX_MS / 1_000}`);
    for (let refusals = 1; !(await tryLock(client, lock)); refusals++) {
      if (refusals === REFUSALS_UNNOTED_MAX + 1) onStandby?.();
      await sleep(ATTEMPT_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || lost.signal.aborted) break;
    }
    if (signal.aborted || lost.signal.aborted) {
      await client.end();
      return undefined;
    }
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  const heartbeat = setInterval(() => void client.query('select 1').catch(() => lost.abort()), HEARTBEAT_INTERVAL_MS);
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    // The server frees the lock when the session ends.
    await client.end().catch(() => undefined);
  };
  return { signal: lost.signal, release };
}

async function tryLock(client: Client, lock: number): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lock]);
  return rows[0]?.held === true;
}
