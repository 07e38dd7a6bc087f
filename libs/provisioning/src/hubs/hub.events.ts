import { z } from 'zod';
import { DomainEvent, EventCodec } from '@app/event-sourcing';
import { instant, sealedSecret, shape } from '../shared/shapes';

/**
 * The hubs this instance may assign are one consistency boundary (at most 50, no name twice) and so one stream, `linkedHubs`.
 * A hub is known by its host name in lower case.
 */
export const linkedHubsStream = 'linkedHubs';

export const linkedHub = z.object({
  hostName: z.string(),
  /** `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`, sealed. */
  connectionString: sealedSecret,
  location: z.string(),
  /** 1 to 1000. */
  allocationWeight: z.int(),
  applyAllocationPolicy: z.boolean(),
  /** True: takes no new devices. */
  cordoned: z.boolean().default(false),
  /** True: takes no new devices, and those it has move away when they call and their policy lets them. */
  draining: z.boolean().default(false),
  /** How many devices it may have; null where nothing is said. */
  capacity: z.int().nullable().default(null),
});
export type LinkedHub = z.infer<typeof linkedHub>;
/** Whether devices are sent to a hub that could take them. */
export type HubAvailability = Pick<LinkedHub, 'cordoned' | 'draining' | 'capacity'>;

const hubLinked = z.object({ hub: linkedHub, at: instant });
const linkedHubUpdated = z.object({ hub: linkedHub, at: instant });
const hubUnlinked = z.object({ hostName: z.string(), at: instant });

export type HubEvent =
  | DomainEvent<'HubLinked', z.infer<typeof hubLinked>>
  | DomainEvent<'LinkedHubUpdated', z.infer<typeof linkedHubUpdated>>
  | DomainEvent<'HubUnlinked', z.infer<typeof hubUnlinked>>;

export const hubShapes = {
  HubLinked: shape(hubLinked),
  LinkedHubUpdated: shape(linkedHubUpdated),
  HubUnlinked: shape(hubUnlinked),
};
export const hubCodec = new EventCodec<HubEvent>(hubShapes);
