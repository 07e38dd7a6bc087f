import { EventStore } from '@app/event-sourcing';
import { HealthCheck, ProjectionMonitor, ReadDatabase } from '@app/provisioning';

/** A read model further behind than this serves stale answers. */
const PROJECTION_LAG_MAX_MS = 30_000;

const probe = { name: 'health-probe', text: 'select 1 as one', values: [] } as const;

/** What readiness looks at: the log, the read models' database, and how far the read models are. */
export function healthChecks(store: EventStore, database: ReadDatabase, projections: ProjectionMonitor): readonly HealthCheck[] {
  return [
    {
      name: 'event store',
      check: async () => ({ ok: true, detail: `newest position ${await store.headPosition()}` }),
    },
    {
      name: 'postgresql',
      check: async () => {
        await database.query(probe);
        return { ok: true, detail: 'answers' };
      },
    },
    {
      name: 'projections',
      check: async () => {
        const behind = (await projections.status()).filter(
          ({ state, lagMs }) => state === 'failed' || lagMs > PROJECTION_LAG_MAX_MS,
        );
        if (behind.length === 0) return { ok: true, detail: 'up to date' };
        return { ok: false, detail: behind.map(({ name, state, lagMs }) => `${name} ${state}, ${lagMs} ms behind`).join('; ') };
      },
    },
  ];
}
