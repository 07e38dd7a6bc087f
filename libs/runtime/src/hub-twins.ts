import { Configuration, Logger, Shutdown } from '@app/platform';
import { startProjections } from '@app/postgres';
import { HubTwins, noHubTwins } from '@app/provisioning';
import { deviceAt, twinChangesProjection } from '@app/reference-hub';
import { Storage } from './storage';

/** Any number that no other runner of the database uses does. */
const HUB_PROJECTIONS_LOCK = 7_236_404;
const TABLE = `read_models.twin_changes_v${twinChangesProjection.version}`;

interface Options {
  readonly configuration: Configuration;
  readonly storage: Storage;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

/**
 * What the log of the reference hubs tells of the past, in whatever process they are served: their log is in this database. The read
 * model of their changes has a runner of its own, because it follows another log than the others.
 */
export async function startHubTwins({ configuration, storage, log, shutdown }: Options): Promise<HubTwins> {
  const { hubs, roles } = configuration;
  if (hubs.length === 0) return noHubTwins;
  const { store, asStored } = await storage.openHubStore();
  const projections = await startProjections({
    store: asStored,
    config: storage.config,
    projections: [twinChangesProjection],
    run: roles.includes('worker'),
    lock: HUB_PROJECTIONS_LOCK,
    log,
  });
  shutdown.add('projections of the hubs', () => projections.stop());
  return {
    hubs: new Set(hubs.map((hub) => hub.toLowerCase())),
    changesTable: TABLE,
    twinAt: (hub, deviceId, time) => deviceAt(store, hub, deviceId, time),
  };
}
