import { EventStore } from '@app/event-sourcing';

/** The log of the hubs that this process can read, which are the reference hubs. */
export interface HubLog {
  readonly store: EventStore;
  /** Host names in lower case. */
  readonly hubs: ReadonlySet<string>;
  readonly streamOf: (hub: string, deviceId: string) => string;
}

/** Injection token of `HubLog | null`: null where no hub's log can be read. */
export const HUB_LOG = Symbol('HUB_LOG');
