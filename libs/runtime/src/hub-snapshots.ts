import { SnapshotStore } from '@app/event-sourcing';
import { Logger, SecretBox, Shutdown, StateSeal } from '@app/platform';
import { PgConfig, PostgresSnapshotStore } from '@app/postgres';

const SCHEMA = 'hub_snapshots';

interface HubSnapshotsOptions {
  readonly config: PgConfig;
  readonly secretBox: SecretBox;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

/** Snapshots of the reference hubs' devices: beside the log, sealed with a key derived for them, and empty without harm. */
export async function openHubSnapshots({ config, secretBox, log, shutdown }: HubSnapshotsOptions): Promise<SnapshotStore> {
  const seal = new StateSeal(secretBox.deriveKey('hub snapshots'));
  const store = await PostgresSnapshotStore.open({ config, schema: SCHEMA, seal, log });
  shutdown.add('snapshots of the hubs', () => store.close());
  return store;
}
