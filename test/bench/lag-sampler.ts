import { setTimeout as sleep } from 'node:timers/promises';
import { PgConfig, PgReadDatabase, openPool } from '@app/postgres';
import { openAssignmentsProjection, provisioningProjections } from '@app/provisioning';
import { percentile } from './closed-loop';

export interface Lag {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** One look at the database, all by its own clock (ms since 1970). */
interface Look extends Record<string, unknown> {
  readonly atMs: number;
  /** The newest event and when it was recorded. */
  readonly head: number;
  readonly headAtMs: number;
  /** Up to here every read model holds everything. */
  readonly visible: number;
}

/** How coarse the answer is: a read model is seen to have come somewhere this much late, at most. */
const PERIOD_MS = 10;
/** After the load; a read model that needs longer has stopped. */
const CATCH_UP_TIMEOUT_MS = 60_000;

const look = {
  name: 'bench-lag',
  text: `select (extract(epoch from clock_timestamp()) * 1000)::float8 as "atMs", e.position::float8 as head,
           (extract(epoch from e.recorded_at) * 1000)::float8 as "headAtMs",
           (select min(case c.position when 'start' then 0 else c.position::float8 end)
              from read_models.projection_checkpoints c where c.name = any($1::text[])) as visible
         from (select position, recorded_at from events.events order by position desc limit 1) e`,
  // Those of this log: the hubs' has read models of its own.
  values: [[...provisioningProjections, openAssignmentsProjection].map(({ name }) => name)],
};

/**
 * Samples, while `work` runs, how far the read models are behind the log: from when an event was recorded until all read models show
 * it. Rows and checkpoint commit together, so the checkpoint says what readers see. One cheap query a sample, outside the service, so
 * that the measurement neither waits behind the load nor adds much to it.
 */
export async function sampleLag<T>(config: PgConfig, work: () => Promise<T>): Promise<{ result: T; lag: Lag }> {
  const pool = openPool(config, { applicationName: 'rehome-bench', max: 1 });
  const database = new PgReadDatabase(pool);
  const looks: Look[] = [];
  const end = new AbortController();
  let endedMs = Infinity;
  const sampling = (async () => {
    while (!end.signal.aborted || !caughtUp(looks.at(-1))) {
      if (performance.now() - endedMs > CATCH_UP_TIMEOUT_MS) throw new Error('a read model does not catch up with the log');
      looks.push(...(await database.query<Look>(look)));
      await sleep(PERIOD_MS);
    }
  })();
  // Seen where it is awaited, after the load.
  sampling.catch(() => undefined);
  try {
    const result = await work();
    endedMs = performance.now();
    end.abort();
    await sampling;
    return { result, lag: lagOf(looks) };
  } finally {
    endedMs = Math.min(endedMs, performance.now());
    end.abort();
    await sampling.catch(() => undefined);
    await pool.end();
  }
}

function caughtUp(last: Look | undefined): boolean {
  return last === undefined || last.visible >= last.head;
}

/** For each newest event that was seen: how long until a look found it in all read models. */
function lagOf(looks: readonly Look[]): Lag {
  const lagsMs: number[] = [];
  let seen = 0;
  let later = 0;
  for (const { head, headAtMs } of looks) {
    if (head <= seen) continue;
    seen = head;
    while (later < looks.length && (looks[later]?.visible ?? 0) < head) later++;
    const visible = looks[later];
    if (visible !== undefined) lagsMs.push(visible.atMs - headAtMs);
  }
  lagsMs.sort((a, b) => a - b);
  const at = (fraction: number): number => percentile(lagsMs, fraction);
  return { samples: lagsMs.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
