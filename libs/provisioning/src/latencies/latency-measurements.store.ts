/** A schema of its own: what is in it comes from no event and cannot be rebuilt. */
export const LATENCIES_SCHEMA = 'latencies';
export const LATENCIES_TABLE = `${LATENCIES_SCHEMA}.measurements`;

/** To be run by the composition root; `$schema` stands for `LATENCIES_SCHEMA`. */
export const latencyMigrations: readonly { readonly number: number; readonly name: string; readonly sql: string }[] = [
  {
    number: 1,
    name: 'latency measurements',
    sql: `
      create table $schema.measurements (
        origin_kind text not null check (origin_kind in ('region', 'network')),
        origin text collate "C" not null,
        hub text collate "C" not null,
        samples_ms double precision[] not null check (cardinality(samples_ms) > 0),
        measured_at timestamptz not null,
        primary key (origin_kind, origin, hub)
      );
      create index on $schema.measurements (measured_at);
    `,
  },
];
