import { Projection, silentLog } from '@app/event-sourcing';
import { Pool, PoolClient } from 'pg';
import { openWriterPool } from './batch-writer';
import { createReadModels } from './read-model-tables';
import { Rebuild, RebuildOptions, RebuildReport } from './rebuild';
import { dropShadowTables } from './shadow-tables';

/** First key of the lock that keeps two rebuilds of one projection apart; the second is made from its name. */
const REBUILD_LOCK = 7_236_404;
/** Another process rebuilds this projection now. */
export class RebuildUnderWay extends Error {
  constructor(name: string) {
    super(`${name} is being rebuilt by another process`);
    this.name = 'RebuildUnderWay';
  }
}

/**
 * Builds a read model from the whole log beside the live one, compares the two at the same position, and switches. The live runner
 * keeps running: the comparison sees both in one snapshot, and only the switch itself holds the checkpoint for some milliseconds.
 * A rebuild that ends early leaves the live tables as they are.
 *
 * Errors: `RebuildUnderWay`; `RebuildStopped` at an event the projection cannot take; the signal's reason.
 */
export async function rebuildProjection(options: RebuildOptions): Promise<RebuildReport> {
  const log = options.log ?? silentLog;
  const pool = openWriterPool(options.config, { applicationName: 'rehome-rebuild', max: 1, log });
  try {
    await createReadModels(pool, []);
    return await withRebuildLock(pool, options.projection, (client) => new Rebuild(options, client).run());
  } finally {
    await pool.end();
  }
}

async function withRebuildLock<T>(pool: Pool, projection: Projection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // The query that meets the loss reports it.
  client.on('error', () => undefined);
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as held', [
      REBUILD_LOCK,
      projection.name,
    ]);
    if (rows[0]?.held !== true) throw new RebuildUnderWay(projection.name);
    try {
      return await work(client);
    } finally {
      await dropShadowTables(client, projection).catch(() => undefined);
    }
  } finally {
    // The lock goes with the connection.
    client.release(true);
  }
}
