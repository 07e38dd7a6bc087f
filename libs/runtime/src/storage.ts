import { join } from 'node:path';
import { EventStore } from '@app/event-sourcing';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { Configuration, Logger, Shutdown } from '@app/platform';
import { PgConfig, PgReadDatabase, PostgresEventStore, migrate, openPool, startEmbeddedPostgres } from '@app/postgres';
import { ATTESTATION_FAILURES_SCHEMA, ReadDatabase, attestationFailureMigrations } from '@app/provisioning';

/** Schema of the provisioning events, and of the reference hubs' own: two logs that know nothing of each other. */
const PROVISIONING_SCHEMA = 'events';
const HUBS_SCHEMA = 'hub_events';
const READ_CONNECTIONS_MAX = 8;
/** A last checkpoint may have much to write. */
const EMBEDDED_STOP_TIMEOUT_MS = 30_000;
const EXIT_DATABASE_LOST = 1;

export interface Storage {
  /** Where PostgreSQL is. */
  readonly config: PgConfig;
  readonly readDatabase: ReadDatabase;
  /** The log of the provisioning service: EventStoreDB when configured, PostgreSQL otherwise. */
  openProvisioningStore(): Promise<EventStore>;
  /** The log of the reference hubs, always in PostgreSQL; the same one whoever asks. */
  openHubStore(): Promise<EventStore>;
}

/** Starts the embedded PostgreSQL unless a server is configured, and opens what is asked for; `shutdown` closes it all. */
export async function openStorage(
  configuration: Configuration,
  dataDir: string,
  log: Logger,
  shutdown: Shutdown,
): Promise<Storage> {
  const config = await serverOf(configuration, dataDir, log, shutdown);
  let hubStore: Promise<EventStore> | undefined;
  const pool = openPool(config, { applicationName: 'rehome-queries', max: READ_CONNECTIONS_MAX, log });
  shutdown.add('query connections', () => pool.end());
  await migrate(pool, ATTESTATION_FAILURES_SCHEMA, attestationFailureMigrations);
  const keep = <Store extends EventStore>(name: string, store: Store): Store => {
    shutdown.add(name, () => store.close());
    return store;
  };
  return {
    config,
    readDatabase: new PgReadDatabase(pool),
    openProvisioningStore: async () => {
      const { esdbUrl } = configuration;
      if (esdbUrl !== undefined)
        return keep('event store', await EventStoreDbEventStore.open({ connectionString: esdbUrl, log }));
      return keep('event store', await PostgresEventStore.open({ config, schema: PROVISIONING_SCHEMA, log }));
    },
    openHubStore: () =>
      (hubStore ??= PostgresEventStore.open({ config, schema: HUBS_SCHEMA, log }).then((store) =>
        keep('event store of the hubs', store),
      )),
  };
}

async function serverOf(configuration: Configuration, dataDir: string, log: Logger, shutdown: Shutdown): Promise<PgConfig> {
  if (configuration.databaseUrl !== undefined) return { connectionString: configuration.databaseUrl };
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), log });
  let stopping = false;
  const stop = (): Promise<void> => {
    stopping = true;
    return postgres.stop();
  };
  shutdown.add('embedded database', stop, EMBEDDED_STOP_TIMEOUT_MS);
  void postgres.ended.then(async (code) => {
    if (stopping) return;
    // Without its database the service can do nothing but be started again, which mends it.
    log.fatal({ code }, 'the embedded database has ended');
    await shutdown.run('the embedded database has ended');
    process.exit(EXIT_DATABASE_LOST);
  });
  return postgres.config;
}
