import { PgConfig, PostgresEventStore, RebuildReport, rebuildProjection } from '@app/postgres';
import { projections } from '@app/runtime';

/** Where the service keeps its events. */
const SCHEMA = 'events';

/**
 * Rebuilds each read model of the running service from its log and compares it with the live one, which stays.
 * Error: one that differs.
 */
export async function rebuildAll(config: PgConfig): Promise<RebuildReport[]> {
  const store = await PostgresEventStore.open({ config, schema: SCHEMA });
  const reports: RebuildReport[] = [];
  try {
    for (const projection of projections) {
      const report = await rebuildProjection({ store, config, projection, switchOver: false });
      const differing = report.compared?.tables.filter((table) => table.missingLive + table.missingRebuilt + table.changed > 0);
      if (differing === undefined || differing.length > 0) {
        throw new Error(`${report.projection} differs from what a rebuild gives: ${JSON.stringify(differing)}`);
      }
      reports.push(report);
    }
    return reports;
  } finally {
    await store.close();
  }
}
