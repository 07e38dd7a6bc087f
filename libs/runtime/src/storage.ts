import { join } from 'node:path';
import { EventStore } from '@app/event-sourcing';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { ChainedEventStore } from '@app/integrity';
import { KeyWrap, SealingEventStore, SealingPolicy, SubjectKeys } from '@app/sealing';
import { hubSealing } from '@app/reference-hub';
import { OpeningReadDatabase } from './opening-read-database';
import { Configuration, Logger, Shutdown } from '@app/platform';
import {
  PgConfig,
  PgReadDatabase,
  PostgresEventStore,
  PostgresSubjectKeys,
  migrate,
  openPool,
  startEmbeddedPostgres,
} from '@app/postgres';
import {
  ATTESTATION_FAILURES_SCHEMA,
  DASHBOARD_SCHEMA,
  LATENCIES_SCHEMA,
  LogName,
  ReadDatabase,
  WEBHOOK_DELIVERIES_SCHEMA,
  attestationFailureMigrations,
  dashboardMigrations,
  provisioningSealing,
  latencyMigrations,
  webhookDeliveryMigrations,
} from '@app/provisioning';

/** Schema of the provisioning events, and of the reference hubs' own: two logs that know nothing of each other. */
const PROVISIONING_SCHEMA = 'events';
export const HUBS_SCHEMA = 'hub_events';
const READ_CONNECTIONS_MAX = 8;
/** A last checkpoint may have much to write. */
const EMBEDDED_STOP_TIMEOUT_MS = 30_000;
const EXIT_DATABASE_LOST = 1;

export interface OpenLog {
  /** Opens what is sealed. */
  readonly store: EventStore;
  /** The same events as they are stored: for read models, which keep what is sealed as it is. */
  readonly asStored: EventStore;
}

/** Secrets that the database must not know. */
export interface LogKeys {
  readonly macKey: Buffer;
  /** For the keys of subjects at rest. */
  readonly wrappingKey: Buffer;
}

export interface Storage {
  /** Where PostgreSQL is. */
  readonly config: PgConfig;
  readonly readDatabase: ReadDatabase;
  /** The log of the provisioning service: EventStoreDB when configured, PostgreSQL otherwise. */
  openProvisioningStore(): Promise<OpenLog>;
  /** The log of the reference hubs, always in PostgreSQL; the same one whoever asks. */
  openHubStore(): Promise<OpenLog>;
  /** The adapters below those that are open: what they give is what is stored. */
  readonly adapters: ReadonlyMap<LogName, EventStore>;
  /** Keys of those whose data is in the logs. */
  readonly subjectKeys: SubjectKeys;
}

/** Starts the embedded PostgreSQL unless a server is configured, and opens what is asked for; `shutdown` closes it all. */
export async function openStorage(
  configuration: Configuration,
  dataDir: string,
  keys: LogKeys,
  log: Logger,
  shutdown: Shutdown,
): Promise<Storage> {
  const config = await serverOf(configuration, dataDir, log, shutdown);
  let hubStore: Promise<OpenLog> | undefined;
  const pool = openPool(config, { applicationName: 'rehome-queries', max: READ_CONNECTIONS_MAX, log });
  shutdown.add('query connections', () => pool.end());
  await migrate(pool, ATTESTATION_FAILURES_SCHEMA, attestationFailureMigrations);
  await migrate(pool, DASHBOARD_SCHEMA, dashboardMigrations);
  await migrate(pool, LATENCIES_SCHEMA, latencyMigrations);
  await migrate(pool, WEBHOOK_DELIVERIES_SCHEMA, webhookDeliveryMigrations);
  const subjectKeys = await PostgresSubjectKeys.open({ config, wrap: new KeyWrap(keys.wrappingKey), log });
  shutdown.add('keys of subjects', () => subjectKeys.close());
  const adapters = new Map<LogName, EventStore>();
  const keep = (log: LogName, adapter: EventStore, policy: SealingPolicy): OpenLog => {
    shutdown.add(`event store of ${log}`, () => adapter.close());
    adapters.set(log, adapter);
    const asStored = new ChainedEventStore(adapter, keys.macKey);
    return { asStored, store: new SealingEventStore(asStored, policy, subjectKeys) };
  };
  return {
    config,
    adapters,
    subjectKeys,
    readDatabase: new OpeningReadDatabase(new PgReadDatabase(pool), subjectKeys),
    openProvisioningStore: async () => {
      const { esdbUrl } = configuration;
      if (esdbUrl !== undefined)
        return keep('provisioning', await EventStoreDbEventStore.open({ connectionString: esdbUrl, log }), provisioningSealing);
      return keep(
        'provisioning',
        await PostgresEventStore.open({ config, schema: PROVISIONING_SCHEMA, log }),
        provisioningSealing,
      );
    },
    openHubStore: () =>
      (hubStore ??= PostgresEventStore.open({ config, schema: HUBS_SCHEMA, log }).then((store) =>
        keep('hubs', store, hubSealing),
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
