import { Projection } from '@app/event-sourcing';
import { Pool, PoolClient } from 'pg';
import { migrate } from '../migrations';
import { withTransaction } from '../pool';
import { addCheckpoints, checkpointMigrations } from './checkpoints';
import { ColumnShape, identifier, qualifiedName, READ_MODELS_SCHEMA, TableShape, versionedName } from './table-shape';

/** Keeps processes that start at the same time from creating the same table twice; any fixed number does. */
const DDL_LOCK = 7_236_402;

/** Makes the schema, the tables and the checkpoints of these projections where they are missing. Safe to race. */
export async function createReadModels(pool: Pool, projections: readonly Projection[]): Promise<void> {
  refuseClashes(projections);
  await migrate(pool, READ_MODELS_SCHEMA, checkpointMigrations);
  await withTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [DDL_LOCK]);
    for (const projection of projections) await createTables(client, projection, READ_MODELS_SCHEMA);
    await addCheckpoints(client, projections);
  });
}

/** Makes the tables of one projection in a schema, those that are not there yet. */
export async function createTables(client: PoolClient, projection: Projection, schema: string): Promise<void> {
  for (const table of projection.tables) {
    const qualified = qualifiedName(schema, versionedName(projection, table));
    const { rows } = await client.query<{ missing: boolean }>('select to_regclass($1) is null as missing', [qualified]);
    if (rows[0]?.missing === true) await client.query(table.ddl.replaceAll('$table', qualified));
  }
}

interface CatalogColumn extends ColumnShape {
  readonly hasDefault: boolean;
}

/**
 * The tables of a projection as they are in the database, by the name the projection calls them.
 *
 * Errors: when a table is missing, has another key, or has defaults, which a replaced row would not get.
 */
export async function readShapes(
  client: Pool | PoolClient,
  projection: Projection,
  schema: string = READ_MODELS_SCHEMA,
): Promise<ReadonlyMap<string, TableShape>> {
  const shapes = new Map<string, TableShape>();
  for (const table of projection.tables) {
    const name = versionedName(projection, table);
    const { rows } = await client.query<CatalogColumn>(
      `select attname as name, format_type(atttypid, atttypmod) as type, atthasdef or attidentity <> '' as "hasDefault"
       from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
      [qualifiedName(schema, name)],
    );
    const withDefault = rows.find(({ hasDefault }) => hasDefault);
    if (withDefault !== undefined) throw new RangeError(`column ${withDefault.name} of read model ${name} has a default`);
    if (!rows.some((column) => column.name === table.keyColumn)) {
      throw new RangeError(`read model ${name} has no key column ${table.keyColumn}`);
    }
    rows.forEach((column) => identifier(column.name));
    const columns = rows
      .filter((column) => column.name !== table.keyColumn)
      .map(({ name: column, type }): ColumnShape => ({ name: column, type }));
    shapes.set(table.name, { schema, name, keyColumn: table.keyColumn, columns, insertOnly: table.insertOnly ?? false });
  }
  return shapes;
}

function refuseClashes(projections: readonly Projection[]): void {
  const names = projections.map(({ name }) => name);
  const tables = projections.flatMap((projection) => projection.tables.map((table) => versionedName(projection, table)));
  for (const all of [names, tables]) {
    const twice = all.find((name, index) => all.indexOf(name) !== index);
    if (twice !== undefined) throw new RangeError(`two projections share the name ${twice}`);
  }
}
