import { instant, text } from '../read-models/columns';
import type { ReadDatabase } from '../shared/read-database';
import { LATENCIES_TABLE as TABLE } from './latency-measurements.store';

/** Samples kept of one pair; their median follows a change within eight measurements, and one outlier does not move it. */
export const SAMPLES_MAX = 15;
/** Pairs of an origin and a hub; those that were measured longest ago go first. */
export const PAIRS_MAX = 5_000;

export type OriginKind = 'region' | 'network';

/** How far a hub is from a region of the latency table, or from a network in CIDR form. */
export interface MeasuredLatency {
  readonly originKind: OriginKind;
  readonly origin: string;
  /** Host name, in lower case. */
  readonly hub: string;
  /** Median of the last `samples`. */
  readonly latencyMs: number;
  readonly samples: number;
  readonly measuredAt: string;
}

export async function addMeasurement(
  database: ReadDatabase,
  { originKind, origin, hub, latencyMs }: Pick<MeasuredLatency, 'originKind' | 'origin' | 'hub' | 'latencyMs'>,
): Promise<void> {
  await database.query({
    name: 'latencies.add',
    text: `
      insert into ${TABLE} as known (origin_kind, origin, hub, samples_ms, measured_at)
      values ($1, $2, $3, array[$4::double precision], now())
      on conflict (origin_kind, origin, hub) do update set
        samples_ms = (known.samples_ms || excluded.samples_ms)[greatest(1, cardinality(known.samples_ms) + 2 - $5::int):],
        measured_at = now()`,
    values: [originKind, origin, hub, latencyMs, SAMPLES_MAX],
  });
  await database.query({
    name: 'latencies.trim',
    text: `
      delete from ${TABLE} where (origin_kind, origin, hub) in (
        select origin_kind, origin, hub from ${TABLE} order by measured_at desc, origin_kind, origin, hub offset $1)`,
    values: [PAIRS_MAX],
  });
}

/** In the order of origins and hubs. */
export async function allMeasured(database: ReadDatabase): Promise<readonly MeasuredLatency[]> {
  const rows = await database.query({
    name: 'latencies.all',
    text: `
      select origin_kind, origin, hub, measured_at, cardinality(samples_ms) as samples,
        (select percentile_cont(0.5) within group (order by sample) from unnest(samples_ms) as sample) as median_ms
      from ${TABLE} order by origin_kind, origin, hub limit $1`,
    values: [PAIRS_MAX],
  });
  return rows.map((row) => ({
    originKind: text(row, 'origin_kind') === 'region' ? 'region' : 'network',
    origin: text(row, 'origin'),
    hub: text(row, 'hub'),
    latencyMs: Math.round(Number(row.median_ms) * 10) / 10,
    samples: Number(row.samples),
    measuredAt: instant(row, 'measured_at'),
  }));
}
