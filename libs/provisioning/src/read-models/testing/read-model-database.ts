import { InMemoryEventStore, RecordedEvent } from '@app/event-sourcing';
import { PgConfig, PgReadDatabase, RunningProjections, migrate, openPool, startProjections } from '@app/postgres';
import { createTestDatabase } from '@test/support/postgres';
import { ATTESTATION_FAILURES_SCHEMA, attestationFailureMigrations } from '../../attestation-failures/attestation-failures.store';
import { provisioningProjections } from '../projections';

/** How long a test waits for its own events. */
const CATCH_UP_TIMEOUT_MS = 20_000;

/** For tests: a log in memory, and every read model of it in a PostgreSQL database of its own, kept by the real runner. */
export interface ReadModels {
  readonly store: InMemoryEventStore;
  /** Of the read models. */
  readonly config: PgConfig;
  readonly database: PgReadDatabase;
  readonly projections: RunningProjections;
  /** Appends events to their streams; resolves when the read models have them. */
  take(events: readonly RecordedEvent[]): Promise<void>;
  /** Runs `during` while nothing can be written to a table of a read model, which can still be read. */
  hold(table: string, during: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** `now`: the clock by which the log records. */
export async function startReadModels(now?: () => Date): Promise<ReadModels> {
  const testDatabase = await createTestDatabase();
  const { config } = testDatabase;
  const pool = openPool(config, { applicationName: 'read-models-test', max: 4 });
  await migrate(pool, ATTESTATION_FAILURES_SCHEMA, attestationFailureMigrations);
  const store = new InMemoryEventStore(now);
  const projections = await startProjections({ store, config, projections: provisioningProjections });
  return {
    store,
    projections,
    config,
    database: new PgReadDatabase(pool),
    take: async (events) => {
      for (const { stream, id, type, data, metadata } of events)
        await store.append(stream, 'any', [{ id, type, data, metadata }]);
      const names = provisioningProjections.map(({ name }) => name);
      const reached = await projections.waitFor(names, await store.headPosition(), CATCH_UP_TIMEOUT_MS);
      if (!reached) throw new Error(`the read models have not come: ${JSON.stringify(await projections.status())}`);
    },
    hold: async (table, during) => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        await client.query(`lock table ${table} in exclusive mode`);
        await during();
      } finally {
        await client.query('rollback');
        client.release();
      }
    },
    close: async () => {
      await projections.stop();
      await store.close();
      await pool.end();
      await testDatabase.drop();
    },
  };
}
