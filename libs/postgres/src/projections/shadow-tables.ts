import { Projection } from '@app/event-sourcing';
import { PoolClient } from 'pg';
import { Statements } from './batch-writer';
import { createTables, readShapes } from './read-model-tables';
import { MergeStatement } from './merge-statement';
import { qualifiedName, READ_MODELS_SCHEMA, SHADOW_SCHEMA, versionedName } from './table-shape';

/** The tables of a rebuild, in a schema of their own under the names they are to have. */
export interface ShadowTables {
  readonly statements: Statements;
  /** Definitions of the indexes that were taken off for the time of the filling. */
  readonly indexes: readonly string[];
}

/** Empty tables without secondary indexes; what an interrupted rebuild left is dropped. */
export async function createShadowTables(client: PoolClient, projection: Projection): Promise<ShadowTables> {
  await dropShadowTables(client, projection);
  await client.query(`create schema if not exists ${SHADOW_SCHEMA}`);
  await createTables(client, projection, SHADOW_SCHEMA);
  const indexes: string[] = [];
  for (const table of projection.tables) {
    // Indexes that belong to a constraint stay: rows are found by the primary key.
    const { rows } = await client.query<{ name: string; definition: string }>(
      `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
       where i.indrelid = $1::regclass and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
      [qualifiedName(SHADOW_SCHEMA, versionedName(projection, table))],
    );
    for (const { name, definition } of rows) {
      await client.query(`drop index ${name}`);
      indexes.push(definition);
    }
  }
  const shapes = await readShapes(client, projection, SHADOW_SCHEMA);
  return { statements: new Map([...shapes].map(([table, shape]) => [table, new MergeStatement(shape)])), indexes };
}

/** Makes the tables what the live ones are: all indexes, and statistics for the planner. */
export async function finishShadowTables(client: PoolClient, projection: Projection, { indexes }: ShadowTables): Promise<void> {
  for (const definition of indexes) await client.query(definition);
  for (const table of projection.tables) {
    await client.query(`analyze ${qualifiedName(SHADOW_SCHEMA, versionedName(projection, table))}`);
  }
}

export async function dropShadowTables(client: PoolClient, projection: Projection): Promise<void> {
  for (const table of projection.tables) {
    await client.query(`drop table if exists ${qualifiedName(SHADOW_SCHEMA, versionedName(projection, table))}`);
  }
}

/** Puts the rebuilt tables in the place of the live ones, within the caller's transaction: there is no moment without the tables. */
export async function swapTables(client: PoolClient, projection: Projection): Promise<void> {
  for (const table of projection.tables) {
    const name = versionedName(projection, table);
    await client.query(`drop table if exists ${qualifiedName(READ_MODELS_SCHEMA, name)}`);
    await client.query(`alter table ${qualifiedName(SHADOW_SCHEMA, name)} set schema ${READ_MODELS_SCHEMA}`);
  }
}
