/** A schema of its own: what is in it comes from no event and cannot be rebuilt. */
export const DASHBOARD_SCHEMA = 'dashboard';
export const SESSIONS_TABLE = `${DASHBOARD_SCHEMA}.sessions`;

/** To be run by the composition root; `$schema` stands for `DASHBOARD_SCHEMA`. */
export const dashboardMigrations: readonly { readonly number: number; readonly name: string; readonly sql: string }[] = [
  {
    number: 1,
    name: 'sessions of the dashboard',
    sql: `
      create table $schema.sessions (
        id_digest text collate "C" primary key,
        name text not null,
        claims text[],
        proof text not null,
        started_at timestamptz not null,
        used_at timestamptz not null
      );
    `,
  },
];
