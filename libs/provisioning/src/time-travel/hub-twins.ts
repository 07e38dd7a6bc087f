import { CarriedTwin } from '../registrations/registration.events';

/** A device at its hub at some moment, as the hub's own log tells it. */
export interface HubTwin {
  readonly twin: CarriedTwin;
  readonly status: 'enabled' | 'disabled';
  readonly generationId: string;
  /** Revision of the device's stream at the hub, decimal, and when it was recorded. */
  readonly revision: string;
  readonly recordedAt: string;
}

/** What can be known of devices at hubs whose log this process can read, which are those of the reference hubs. */
export interface HubTwins {
  /** Host names in lower case. */
  readonly hubs: ReadonlySet<string>;
  /** Qualified name of the read model of changes of twins at hubs; null where there is none. */
  readonly changesTable: string | null;
  /** The device as it was at a time (ISO 8601 UTC); undefined where the hub did not have it then. */
  twinAt(hub: string, deviceId: string, time: string): Promise<HubTwin | undefined>;
}

/** Injection token of `HubTwins`. */
export const HUB_TWINS = Symbol('HUB_TWINS');

/** Where no hub's log can be read. */
export const noHubTwins: HubTwins = {
  hubs: new Set(),
  changesTable: null,
  twinAt: () => Promise.resolve(undefined),
};
