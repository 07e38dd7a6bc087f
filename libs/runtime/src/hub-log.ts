import { Configuration } from '@app/platform';
import { HubLog } from '@app/provisioning';
import { deviceStream } from '@app/reference-hub';
import { Storage } from './storage';

/** The log of the reference hubs, in whatever process they are served: it is in this database. Null where there are none. */
export async function openHubLog({ hubs }: Configuration, storage: Storage): Promise<HubLog | null> {
  if (hubs.length === 0) return null;
  const names = new Set(hubs.map((hub) => hub.toLowerCase()));
  // A hub names its streams by its host name in lower case.
  const { store } = await storage.openHubStore();
  return { store, hubs: names, streamOf: (hub, id) => deviceStream(hub.toLowerCase(), id) };
}
