import { Pool } from 'pg';

/** A query as data: prepared once per connection under its name, so one name always goes with one text. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs the read models' queries on a pool; rows come as the driver gives them: bigint and numeric as strings, timestamptz as Date. */
export class PgReadDatabase {
  constructor(private readonly pool: Pool) {}

  async query<T extends Record<string, unknown> = Record<string, unknown>>(statement: NamedStatement): Promise<T[]> {
    const { name, text, values } = statement;
    const result = await this.pool.query<T>({ name, text, values: [...values] });
    return result.rows;
  }
}
