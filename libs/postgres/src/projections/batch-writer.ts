import { Projection } from '@app/event-sourcing';
import { DatabaseError, Pool, PoolClient } from 'pg';
import { openPool, PgConfig, PoolOptions, withTransaction } from '../pool';
import { moveCheckpoints } from './checkpoints';
import { MergedTable } from './merge-changes';
import { MergeStatement, RowRefused } from './merge-statement';
import { Part } from './project-batch';
import { readShapes } from './read-model-tables';

/** The statements of a projection's tables, by the name the projection calls them. */
export type Statements = ReadonlyMap<string, MergeStatement>;

/**
 * Plans are made once, often while a table is still empty; an index look-up for each row is right for every size it will have. What
 * these sessions lose when the server crashes is rows and checkpoint together, and the log still has it.
 */
const SESSION_SETTINGS = {
  plan_cache_mode: 'force_generic_plan',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  enable_material: 'off',
  jit: 'off',
  // With such plans statistics decide little, and gathering them from ten times as many rows would be a fifth of a small rebuild.
  default_statistics_target: '10',
};

/** Connections that projections write through. */
export function openWriterPool(config: PgConfig, options: Pick<PoolOptions, 'applicationName' | 'max' | 'log'>): Pool {
  return openPool(config, { ...options, synchronousCommitOff: true, pipeline: true, settings: SESSION_SETTINGS });
}

export async function prepareStatements(client: Pool | PoolClient, projection: Projection, schema?: string): Promise<Statements> {
  const shapes = await readShapes(client, projection, schema);
  return new Map([...shapes].map(([table, shape]) => [table, new MergeStatement(shape)]));
}

export interface StatementRun {
  readonly name: string;
  readonly text: string;
  readonly values: string[];
}

/** One for each table, as a rule. Error: `RowRefused`. */
export function statementRuns(statements: Statements, tables: ReadonlyMap<string, MergedTable>): StatementRun[] {
  return [...tables].flatMap(([table, rows]) => {
    const statement = statements.get(table);
    if (statement === undefined) throw new RowRefused(`a projection writes to ${table}, which it does not declare`);
    const { name, text } = statement;
    return statement.parameters(rows).map((parameter) => ({ name, text, values: [parameter] }));
  });
}

/** Sends all at once: under load each answer waited for would cost a turn of a busy event loop. */
export async function runAll(client: PoolClient, runs: readonly StatementRun[]): Promise<void> {
  await Promise.all(runs.map((run) => client.query(run)));
}

/** Rows and checkpoints of all parts in one transaction. */
export class BatchWriter {
  constructor(
    private readonly pool: Pool,
    private readonly statements: ReadonlyMap<Projection, Statements>,
  ) {}

  /** Errors: `CheckpointMoved`; refusals (see `isRefusal`); whatever a lost connection gives. Nothing is written then. */
  async write(parts: readonly Part[]): Promise<void> {
    if (parts.length === 0) return;
    const runs = parts.flatMap(({ projection, tables }) => statementRuns(this.statements.get(projection) ?? new Map(), tables));
    await withTransaction(this.pool, async (client) => {
      // Rows are written by the one that moved the checkpoints alone, so this answer is waited for.
      await moveCheckpoints(client, parts);
      await runAll(client, runs);
    });
  }
}

/** Data, integrity, cardinality, program limits, and tables or columns that are not as the projection takes them to be. */
const REFUSAL_CLASSES: ReadonlySet<string> = new Set(['21', '22', '23', '42', '54']);

/** True when the same rows would be refused again; false for what a later attempt can mend. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof RowRefused || error instanceof RangeError) return true;
  return error instanceof DatabaseError && REFUSAL_CLASSES.has(error.code?.slice(0, 2) ?? '');
}
