import { join } from 'node:path';
import { EventStore } from '@app/event-sourcing';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { Configuration, createLogger, openDataDirectory } from '@app/platform';
import { findRunningPostgres, PgConfig, PostgresEventStore, startEmbeddedPostgres } from '@app/postgres';

export interface RebuildStorage {
  readonly store: EventStore;
  readonly config: PgConfig;
  close(): Promise<void>;
}

type Close = () => Promise<void>;

/** The databases of the service, whether it is running or not: its embedded server is joined when it runs, and started when not. */
export async function openRebuildStorage(
  configuration: Configuration,
  stderr: { write(text: string): unknown },
): Promise<RebuildStorage> {
  // Standard output belongs to the progress and the report.
  const log = createLogger({ level: 'warn', destination: stderr });
  const closing: Close[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const config = await reachDatabase(configuration, closing);
    const { esdbUrl } = configuration;
    const store =
      esdbUrl === undefined
        ? await PostgresEventStore.open({ config, log })
        : await EventStoreDbEventStore.open({ connectionString: esdbUrl, log });
    closing.push(() => store.close());
    return { store, config, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Joins the embedded server when it runs, and starts it when not; `closing` takes what is to be undone. */
async function reachDatabase({ databaseUrl, dataDir }: Configuration, closing: Close[]): Promise<PgConfig> {
  if (databaseUrl !== undefined) return { connectionString: databaseUrl };
  const running = await findRunningPostgres(join(dataDir, 'postgres'));
  if (running !== undefined) return running;
  const data = await openDataDirectory(dataDir);
  closing.push(() => data.release());
  const postgres = await startEmbeddedPostgres({ dataDir: join(data.path, 'postgres') });
  closing.push(() => postgres.stop());
  return postgres.config;
}
