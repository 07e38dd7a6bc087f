import { EventStore, StateReader } from '@app/event-sourcing';
import type { HubConnection } from '@app/hub-gateway';
import { SecretBox } from '../shared/secret-box';
import { hubDecider, HubsState, KnownHub } from './hub.decider';
import { RECENT_MS } from '../shared/recent';
import { hubCodec, HubEvent, linkedHubsStream } from './hub.events';

/** The hubs of this instance as their stream says they are now. */
export class LinkedHubs {
  readonly states: StateReader<HubsState, HubEvent>;

  constructor(
    store: EventStore,
    private readonly secrets: SecretBox,
  ) {
    this.states = new StateReader(store, hubDecider, hubCodec, { statesMax: 1 });
  }

  async read(): Promise<HubsState> {
    const { state } = await this.states.read(linkedHubsStream);
    return state;
  }

  /** For devices, which ask often: what this process wrote is always in it, what another wrote at most `RECENT_MS` later. */
  async readRecent(): Promise<HubsState> {
    const { state } = await this.states.readRecent(linkedHubsStream, RECENT_MS);
    return state;
  }

  /**
   * How to reach a hub, also one that is no longer linked, so that a move from it can finish; undefined for one that is unknown.
   * The connection string is in clear: it must not be stored or logged.
   */
  async connectionTo(hostName: string): Promise<HubConnection | undefined> {
    const hub = knownHub(await this.readRecent(), hostName);
    return hub === undefined ? undefined : { hostName: hub.hostName, connectionString: this.secrets.open(hub.connectionString) };
  }
}

export function knownHub(hubs: HubsState, hostName: string): KnownHub | undefined {
  const name = hostName.toLowerCase();
  return hubs.linked.get(name) ?? hubs.unlinked.get(name);
}
