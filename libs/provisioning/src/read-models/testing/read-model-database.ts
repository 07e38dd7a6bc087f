import { Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { ReadDatabase } from '../../shared/read-database';
import { provisioningProjections } from '../projections';
import { READ_MODELS_SCHEMA, tableName } from '../table-name';

/** For tests of queries: the read models' tables as the projections declare them. */
export async function createReadModels(database: ReadDatabase): Promise<void> {
  await execute(database, `create schema if not exists ${READ_MODELS_SCHEMA}`);
  for (const projection of provisioningProjections) {
    for (const table of projection.tables) {
      const statements = table.ddl.replaceAll('$table', tableName(projection, table.name)).split(';');
      for (const statement of statements) if (statement.trim() !== '') await execute(database, statement);
    }
  }
}

/** Applies events one by one, in the plainest way that the projections' contract allows. */
export async function projectInto(database: ReadDatabase, events: readonly RecordedEvent[]): Promise<void> {
  for (const event of events) {
    for (const projection of provisioningProjections.filter(({ eventTypes }) => eventTypes.includes(event.type))) {
      for (const change of projection.project(event)) await apply(database, projection, change);
    }
  }
}

async function apply(database: ReadDatabase, projection: Projection, change: RowChange): Promise<void> {
  const name = tableName(projection, change.table);
  const key = projection.tables.find((table) => table.name === change.table)?.keyColumn ?? '';
  if (change.op === 'delete') {
    await execute(database, `delete from ${name} where ${key} = $1`, [change.key]);
    return;
  }
  const columns = Object.keys(change.columns);
  const parameters = columns.map((_column, index) => `$${index + 2}`);
  const updates = columns.map((column) => `${column} = excluded.${column}`);
  await execute(
    database,
    `insert into ${name} (${[key, ...columns].join(', ')}) values (${['$1', ...parameters].join(', ')})
     on conflict (${key}) do update set ${updates.join(', ')}`,
    [change.key, ...Object.values(change.columns)],
  );
}

/** Unnamed, because these statements are run once. */
async function execute(database: ReadDatabase, text: string, values: readonly unknown[] = []): Promise<void> {
  await database.query({ name: '', text, values });
}
