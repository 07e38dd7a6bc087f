import { EventStore } from '@app/event-sourcing';
import { Configuration, readSecretKey, SecretBox } from '@app/platform';
import { PostgresEventStore } from '@app/postgres';
import { LogName } from '@app/provisioning';
import { HUBS_SCHEMA } from '@app/runtime';
import { openRebuildStorage } from './rebuild-storage';

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
  const service = await openRebuildStorage(configuration, stderr);
  try {
    const secretKey = await readSecretKey(configuration.dataDir, configuration);
    const hubs = await PostgresEventStore.open({ config: service.config, schema: HUBS_SCHEMA });
    const logs = new Map<LogName, EventStore>([
      ['provisioning', service.store],
      ['hubs', hubs],
    ]);
    const closeAll = async (): Promise<void> => {
      await hubs.close();
      await service.close();
    };
    return { logs, macKey: new SecretBox(secretKey).deriveKey('event chain'), close: closeAll };
  } catch (error) {
    await service.close();
    throw error;
  }
}
