import { escapeIdentifier, Pool, PoolClient } from 'pg';
import { withTransaction } from './pool';

/** One step forward. Never changed once released; there is no way back. */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly number: number;
  readonly name: string;
  /** Statements with `$schema` standing for the quoted schema. */
  readonly sql: string;
}

/** Any fixed number does: it only keeps two migrating processes apart. */
const MIGRATION_LOCK = 7_236_401;

/**
 * Brings a schema up to the newest migration, in one transaction. Safe to run by many processes at once: one migrates, the others
 * wait and find nothing left to do.
 *
 * Errors: when the schema was migrated by a newer program than this one.
 */
export async function migrate(pool: Pool, schema: string, migrations: readonly Migration[]): Promise<void> {
  const quoted = escapeIdentifier(schema);
  await withTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const applied = await appliedNumber(client, quoted);
    const newest = migrations.length;
    if (applied > newest) {
      throw new Error(
        `schema ${schema} has migration ${applied}, this program knows ${newest}: it was written by a newer version`,
      );
    }
    for (const { number, name, sql } of migrations.slice(applied)) {
      await client.query(sql.replaceAll('$schema', quoted));
      await client.query(`insert into ${quoted}.migrations (number, name) values ($1, $2)`, [number, name]);
    }
  });
}

async function appliedNumber(client: PoolClient, quotedSchema: string): Promise<number> {
  await client.query(`create schema if not exists ${quotedSchema}`);
  await client.query(
    `create table if not exists ${quotedSchema}.migrations (
       number int primary key, name text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ newest: number }>(
    `select coalesce(max(number), 0) as newest from ${quotedSchema}.migrations`,
  );
  return rows[0]?.newest ?? 0;
}
