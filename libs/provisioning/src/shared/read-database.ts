/** One row as the driver gives it: bigint and numeric as strings, jsonb as objects, timestamptz as Date. */
export type Row = Record<string, unknown>;

/** What queries need of the read models' database; implemented by `libs/postgres`. */
export interface ReadDatabase {
  query<T extends Row = Row>(statement: {
    readonly name: string;
    readonly text: string;
    readonly values: readonly unknown[];
  }): Promise<T[]>;
}
