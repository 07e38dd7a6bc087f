import { Projection } from '@app/event-sourcing';
import { PoolClient } from 'pg';
import { readShapes } from './read-model-tables';
import { identifier, qualifiedName, READ_MODELS_SCHEMA, SHADOW_SCHEMA, TableShape } from './table-shape';

/** Rows named in a report of differences. */
export const DIFFERENCES_SHOWN_MAX = 20;

export interface RowDifference {
  readonly key: string;
  readonly kind: 'missing live' | 'missing rebuilt' | 'changed';
  /** Names alone: what they hold may be nobody's business. */
  readonly columns: readonly string[];
}

/** A rebuilt table against the live one at the same position. */
export interface TableComparison {
  readonly table: string;
  readonly rows: number;
  readonly missingLive: number;
  readonly missingRebuilt: number;
  readonly changed: number;
  /** The first `DIFFERENCES_SHOWN_MAX` by key. */
  readonly differences: readonly RowDifference[];
}

/** Sessions that write look up rows by index; a comparison reads both tables as a whole. */
const FOR_WHOLE_TABLES = `set local enable_hashjoin = on; set local enable_mergejoin = on; set local enable_seqscan = on;
  set local plan_cache_mode = auto; set local work_mem = '64MB'`;

/**
 * Row by row, on the columns that both versions have. To be called in a transaction that sees both tables at one position. Tables
 * that only one version has are passed over.
 */
export async function compareTables(
  client: PoolClient,
  projection: Projection,
  liveVersion: number,
): Promise<readonly TableComparison[]> {
  await client.query(FOR_WHOLE_TABLES);
  const comparisons: TableComparison[] = [];
  const rebuilt = await readShapes(client, projection, SHADOW_SCHEMA);
  for (const table of projection.tables) {
    const then = { ...projection, version: liveVersion, tables: [table] };
    const { rows } = await client.query<{ present: boolean }>('select to_regclass($1) is not null as present', [
      qualifiedName(READ_MODELS_SCHEMA, `${table.name}_v${liveVersion}`),
    ]);
    const shape = rebuilt.get(table.name);
    if (rows[0]?.present !== true || shape === undefined) continue;
    const live = (await readShapes(client, then)).get(table.name);
    if (live !== undefined) comparisons.push(await compareTable(client, live, shape));
  }
  return comparisons;
}

async function compareTable(client: PoolClient, live: TableShape, rebuilt: TableShape): Promise<TableComparison> {
  const shared = rebuilt.columns.filter(({ name }) => live.columns.some((column) => column.name === name));
  const changed = shared.map(({ name, type }) => `case when ${differs(name, type)} then '${name}' end`);
  const key = { live: `l.${identifier(live.keyColumn)}`, rebuilt: `r.${identifier(rebuilt.keyColumn)}` };
  const { rows } = await client.query<ComparisonRow>(
    `with compared as materialized (
       select coalesce(${key.live}, ${key.rebuilt}) as key, ${key.live} is null as no_live, ${key.rebuilt} is null as no_rebuilt,
         array_remove(array[${changed.join(', ')}]::text[], null) as columns
       from ${qualifiedName(live.schema, live.name)} l
       full join ${qualifiedName(rebuilt.schema, rebuilt.name)} r on ${key.live} = ${key.rebuilt}
     ), different as (select * from compared where no_live or no_rebuilt or columns <> '{}')
     select (select count(*) from compared)::int as rows,
       count(*) filter (where no_live)::int as "missingLive", count(*) filter (where no_rebuilt)::int as "missingRebuilt",
       count(*) filter (where not no_live and not no_rebuilt)::int as changed,
       (select coalesce(json_agg(shown), '[]') from (select * from different order by key limit $1) shown) as differences
     from different`,
    [DIFFERENCES_SHOWN_MAX],
  );
  const [result] = rows;
  if (result === undefined) throw new Error('a comparison without a result');
  return { ...result, table: rebuilt.name, differences: result.differences.map(asDifference) };
}

interface ComparisonRow extends Omit<TableComparison, 'table' | 'differences'> {
  readonly differences: readonly {
    readonly key: string;
    readonly no_live: boolean;
    readonly no_rebuilt: boolean;
    readonly columns: readonly string[];
  }[];
}

/** Values of type json cannot be compared, their texts can. */
function differs(column: string, type: string): string {
  const cast = type === 'json' ? '::text' : '';
  return `l.${identifier(column)}${cast} is distinct from r.${identifier(column)}${cast}`;
}

function asDifference(row: ComparisonRow['differences'][number]): RowDifference {
  const kind = row.no_live ? 'missing live' : row.no_rebuilt ? 'missing rebuilt' : 'changed';
  return { key: row.key, kind, columns: kind === 'changed' ? row.columns : [] };
}
