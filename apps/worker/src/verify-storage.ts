import { EventStore } from '@app/event-sourcing';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { Configuration, createLogger, readSecretKey, SecretBox } from '@app/platform';
import { PostgresEventStore } from '@app/postgres';
import { LogName } from '@app/provisioning';
import { HUBS_SCHEMA, PROVISIONING_SCHEMA } from '@app/runtime';
import { Close, reachDatabase } from './rebuild-storage';

export interface VerifyStorage {
  /** The adapters themselves. */
  readonly logs: ReadonlyMap<LogName, EventStore>;
  readonly macKey: Buffer;
  close(): Promise<void>;
}

/** The logs of the service, whether it is running or not, and the key that only the service has. */
export async function openVerifyStorage(
  configuration: Configuration,
  stderr: { write(text: string): unknown },
): Promise<VerifyStorage> {
  const log = createLogger({ level: 'warn', destination: stderr });
  const closing: Close[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const config = await reachDatabase(configuration, closing);
    const { esdbUrl } = configuration;
    const provisioning =
      esdbUrl === undefined
        ? await PostgresEventStore.open({ config, schema: PROVISIONING_SCHEMA, log })
        : await EventStoreDbEventStore.open({ connectionString: esdbUrl, log });
    closing.push(() => provisioning.close());
    const hubs = await PostgresEventStore.open({ config, schema: HUBS_SCHEMA, log });
    closing.push(() => hubs.close());
    const secretKey = await readSecretKey(configuration.dataDir, configuration);
    const logs = new Map<LogName, EventStore>([
      ['provisioning', provisioning],
      ['hubs', hubs],
    ]);
    return { logs, macKey: new SecretBox(secretKey).deriveKey('event chain'), close };
  } catch (error) {
    await close();
    throw error;
  }
}
