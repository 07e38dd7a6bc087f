import { ProjectionMonitor } from '../management/projection-monitor';
import { enrollmentsProjection } from '../read-models/enrollments.projection';
import { tableName } from '../read-models/table-name';
import { ReadDatabase } from '../shared/read-database';
import { KnownGroups } from './enrollment-groups.directory';

const listGroups = {
  name: 'enrollments.group-streams',
  text: `select stream from ${tableName(enrollmentsProjection)} where kind = 'group'`,
  values: [],
};

/** From the read model, so that a start does not read a long log: first how far it is, then what it holds, which is at least that. */
export async function knownGroups(database: ReadDatabase, projections: ProjectionMonitor): Promise<KnownGroups> {
  const status = (await projections.status()).find(({ name }) => name === enrollmentsProjection.name);
  const rows = await database.query<{ stream: string }>(listGroups);
  return { position: status?.position ?? 'start', streams: rows.map(({ stream }) => stream) };
}
