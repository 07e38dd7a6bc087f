import { Projection } from '@app/event-sourcing';

/** Schema of all read models; it holds nothing that cannot be rebuilt from the log. */
export const READ_MODELS_SCHEMA = 'read_models';

/** Qualified name of a projection's table at its present version, e.g. `read_models.device_status_v1`. */
export function tableName(projection: Pick<Projection, 'version' | 'tables'>, table?: string): string {
  const found = table === undefined ? projection.tables[0] : projection.tables.find(({ name }) => name === table);
  if (found === undefined) throw new Error(`no such table of this projection: ${table ?? 'it has none'}`);
  return `${READ_MODELS_SCHEMA}.${found.name}_v${projection.version}`;
}
