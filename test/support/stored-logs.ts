import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStore, RecordedEvent } from '@app/event-sourcing';
import { ChainedEventStore } from '@app/integrity';
import { readSecretKey, SecretBox } from '@app/platform';
import { PgConfig, PostgresEventStore, PostgresSubjectKeys, rebuildProjection } from '@app/postgres';
import { openAssignmentsProjection, provisioningProjections, provisioningSealing } from '@app/provisioning';
import { hubSealing } from '@app/reference-hub';
import { KeyWrap, SealingEventStore, SealingPolicy } from '@app/sealing';

/** Both logs of a running service as they lie in its embedded database, opened, each in the order of its commits. */
export interface StoredLogs {
  readonly service: readonly RecordedEvent[];
  readonly hubs: readonly RecordedEvent[];
}

const SERVICE_SCHEMA = 'events';
const HUBS_SCHEMA = 'hub_events';

export async function readStoredLogs(dataDir: string): Promise<StoredLogs> {
  const config = await databaseOf(dataDir);
  const keys = await openKeys(config, await secretsOf(dataDir));
  const read = (schema: string, policy: SealingPolicy): Promise<readonly RecordedEvent[]> =>
    withStore(config, schema, (store) => readAll(new SealingEventStore(store, policy, keys)));
  try {
    const [service, hubs] = await Promise.all([read(SERVICE_SCHEMA, provisioningSealing), read(HUBS_SCHEMA, hubSealing)]);
    return { service, hubs };
  } finally {
    await keys.close();
  }
}

/** Works on the service's log as the service itself does, chained and sealed; `config` is of its database. */
export async function withServiceLog<T>(config: PgConfig, dataDir: string, work: (store: EventStore) => Promise<T>): Promise<T> {
  const secrets = await secretsOf(dataDir);
  const keys = await openKeys(config, secrets);
  try {
    return await withStore(config, SERVICE_SCHEMA, (adapter) => {
      const chained = new ChainedEventStore(adapter, secrets.deriveKey('event chain'));
      return work(new SealingEventStore(chained, provisioningSealing, keys));
    });
  } finally {
    await keys.close();
  }
}

/** Every read model built again from the log beside the live one, and what differs; the live ones stay as they are. */
export async function readModelDifferences(dataDir: string): Promise<string[]> {
  const config = await databaseOf(dataDir);
  return withStore(config, SERVICE_SCHEMA, async (store) => {
    const differences: string[] = [];
    for (const projection of [...provisioningProjections, openAssignmentsProjection]) {
      const { compared } = await rebuildProjection({ store, config, projection, switchOver: false });
      for (const { table, differences: rows } of compared?.tables ?? []) {
        for (const { key, kind, columns } of rows) differences.push(`${table} ${key}: ${kind} ${columns.join(', ')}`.trim());
      }
    }
    return differences;
  });
}

/** The events of each stream, in order, by stream. */
export function byStream(events: readonly RecordedEvent[]): ReadonlyMap<string, readonly RecordedEvent[]> {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const found = streams.get(event.stream);
    if (found === undefined) streams.set(event.stream, [event]);
    else found.push(event);
  }
  return streams;
}

/** PostgreSQL writes into its pid file where it listens: the port in the fourth line, the directory of its socket in the fifth. */
export async function databaseOf(dataDir: string): Promise<PgConfig> {
  const lines = (await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
  return { host: lines[4] ?? '', port: Number(lines[3]), user: 'postgres', database: 'rehome' };
}

async function secretsOf(dataDir: string): Promise<SecretBox> {
  return new SecretBox(await readSecretKey(dataDir, {}));
}

function openKeys(config: PgConfig, secrets: SecretBox): Promise<PostgresSubjectKeys> {
  return PostgresSubjectKeys.open({ config, wrap: new KeyWrap(secrets.deriveKey('keys of subjects')) });
}

async function withStore<T>(config: PgConfig, schema: string, work: (store: EventStore) => Promise<T>): Promise<T> {
  const store = await PostgresEventStore.open({ config, schema });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function readAll(store: EventStore): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const { signal } = new AbortController();
  for await (const batch of store.subscribeToAll({ from: 'start', signal })) {
    events.push(...batch.events);
    if (batch.caughtUp) break;
  }
  return events;
}
