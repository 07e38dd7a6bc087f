import { Log, silentLog } from '@app/event-sourcing';
import { ClientConfig, Pool, PoolClient } from 'pg';

export type { Pool, PoolClient } from 'pg';

/** Where a database is: a connection string, or its parts (`host` may be the directory of a unix socket). */
export type PgConfig = Pick<ClientConfig, 'connectionString' | 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl'>;

export interface PoolOptions {
  /** Shown by the server beside each connection. */
  readonly applicationName: string;
  /** Connections at most. */
  readonly max: number;
  /** Commits return before they are on the disk: about twice the rate, only for what can be rebuilt from the log. */
  readonly synchronousCommitOff?: boolean;
  /** Queries of one connection are sent without waiting for the answers to those before them. */
  readonly pipeline?: boolean;
  /** The server ends a statement that runs longer; no limit when absent. */
  readonly statementTimeoutMs?: number;
  /** Further settings of each session, by their names in PostgreSQL; values without spaces. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: Log;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
/** The client waits a little longer than the server, so that the server's own answer comes first where there is one. */
const ANSWER_GRACE_MS = 5_000;

/** How every connection of this program is made, pooled or not. */
export function clientConfig(config: PgConfig, options: Omit<PoolOptions, 'max' | 'log'>): ClientConfig {
  const settings = ['timezone=UTC', 'datestyle=ISO', 'default_transaction_isolation=read\\ committed'];
  for (const [name, value] of Object.entries(options.settings ?? {})) settings.push(`${name}=${value}`);
  if (options.synchronousCommitOff === true) settings.push('synchronous_commit=off');
  return {
    ...config,
    application_name: options.applicationName,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    pipeline: options.pipeline ?? false,
    ...(options.statementTimeoutMs === undefined
      ? {}
      : { statement_timeout: options.statementTimeoutMs, query_timeout: options.statementTimeoutMs + ANSWER_GRACE_MS }),
  };
}

/** A pool whose idle connections may be lost without harm: the next query makes a new one. Values of bigint come as strings. */
export function openPool(config: PgConfig, options: PoolOptions): Pool {
  const log = options.log ?? silentLog;
  const pool = new Pool({ ...clientConfig(config, options), max: options.max });
  pool.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection was lost'));
  return pool;
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
export async function withTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const ignoreLoss = (error: Error): void => void (broken = error);
  client.on('error', ignoreLoss);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: unknown) => {
      broken = cause instanceof Error ? cause : new Error(String(cause));
    });
    throw error;
  } finally {
    client.off('error', ignoreLoss);
    client.release(broken);
  }
}
