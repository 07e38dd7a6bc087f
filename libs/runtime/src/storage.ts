import { join } from 'node:path';
import { EventStore } from '@app/event-sourcing';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { ChainedEventStore } from '@app/integrity';
import { Configuration, Logger, Shutdown } from '@app/platform';
import { PgConfig, PgReadDatabase, PostgresEventStore, migrate, openPool, startEmbeddedPostgres } from '@app/postgres';
import {
  ATTESTATION_FAILURES_SCHEMA,
  LATENCIES_SCHEMA,
  LogName,
  ReadDatabase,
  WEBHOOK_DELIVERIES_SCHEMA,
  attestationFailureMigrations,
  latencyMigrations,
  webhookDeliveryMigrations,
} from '@app/provisioning';

/** Schema of the provisioning events, and of the reference hubs' own: two logs that know nothing of each other. */
export const PROVISIONING_SCHEMA = 'events';
export const HUBS_SCHEMA = 'hub_events';
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
  /** The adapters below those that are open: what they give is what is stored. */
  readonly adapters: ReadonlyMap<LogName, EventStore>;
}

/** Starts the embedded PostgreSQL unless a server is configured, and opens what is asked for; `shutdown` closes it all. */
export async function openStorage(
  configuration: Configuration,
  dataDir: string,
  macKey: Buffer,
  log: Logger,
  shutdown: Shutdown,
): Promise<Storage> {
  const config = await serverOf(configuration, dataDir, log, shutdown);
  let hubStore: Promise<EventStore> | undefined;
  const pool = openPool(config, { applicationName: 'rehome-queries', max: READ_CONNECTIONS_MAX, log });
  shutdown.add('query connections', () => pool.end());
  await migrate(pool, ATTESTATION_FAILURES_SCHEMA, attestationFailureMigrations);
  await migrate(pool, LATENCIES_SCHEMA, latencyMigrations);
  await migrate(pool, WEBHOOK_DELIVERIES_SCHEMA, webhookDeliveryMigrations);
  const adapters = new Map<LogName, EventStore>();
  const keep = (log: LogName, adapter: EventStore): EventStore => {
    shutdown.add(`event store of ${log}`, () => adapter.close());
    adapters.set(log, adapter);
    return new ChainedEventStore(adapter, macKey);
  };
  return {
    config,
    adapters,
    readDatabase: new PgReadDatabase(pool),
    openProvisioningStore: async () => {
      const { esdbUrl } = configuration;
      if (esdbUrl !== undefined)
        return keep('provisioning', await EventStoreDbEventStore.open({ connectionString: esdbUrl, log }));
      return keep('provisioning', await PostgresEventStore.open({ config, schema: PROVISIONING_SCHEMA, log }));
    },
    openHubStore: () =>
      (hubStore ??= PostgresEventStore.open({ config, schema: HUBS_SCHEMA, log }).then((store) => keep('hubs', store))),
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
