import { isDeepStrictEqual } from 'node:util';
import { Decider, Rejected } from '@app/event-sourcing';
import { holds, IfMatch } from '../shared/etag';
import { SealedSecret } from '../shared/shapes';
import { HubAvailability, HubEvent, LinkedHub } from './hub.events';

/** Published limit of an instance. */
export const LINKED_HUBS_MAX = 50;
export const ALLOCATION_WEIGHT_MIN = 1;
export const ALLOCATION_WEIGHT_MAX = 1000;
/** More than the published limit of devices of an instance would be no limit. */
export const HUB_CAPACITY_MAX = 1_000_000;
/** Unlinked hubs remembered, newest last: a move from one of them that is under way can still finish. */
export const UNLINKED_HUBS_REMEMBERED_MAX = 100;

/** A connection string, sealed, and the host name it says in clear. */
export interface RequestedConnection {
  readonly hostName: string;
  readonly connectionString: SealedSecret;
}

export type HubCommand =
  | {
      readonly type: 'LinkHub';
      /** Lower case. */
      readonly hostName: string;
      readonly connection: RequestedConnection;
      readonly location: string;
      readonly allocationWeight: number;
      readonly applyAllocationPolicy: boolean;
      readonly availability?: Partial<HubAvailability>;
      readonly at: string;
    }
  | {
      readonly type: 'UpdateLinkedHub';
      readonly hostName: string;
      /** Members left out (null) stay as they are. */
      readonly connection: RequestedConnection | null;
      readonly location: string | null;
      readonly allocationWeight: number | null;
      readonly applyAllocationPolicy: boolean | null;
      /** Members left out stay as they are. */
      readonly availability?: Partial<HubAvailability>;
      readonly ifMatch: IfMatch;
      readonly at: string;
    }
  | { readonly type: 'UnlinkHub'; readonly hostName: string; readonly ifMatch: IfMatch; readonly at: string };

export interface KnownHub extends LinkedHub {
  /** Revision of `linkedHubs` at this hub's last change; the hub's ETag stands for it. */
  readonly revision: bigint;
  /** The same at the change before that one, by which a repeated update is known. */
  readonly previousRevision: bigint | undefined;
  readonly linkedAt: string;
  readonly updatedAt: string;
}

export interface HubsState {
  /** By host name in lower case. */
  readonly linked: ReadonlyMap<string, KnownHub>;
  /** Hubs no longer linked, with their last connection; no device is sent there. */
  readonly unlinked: ReadonlyMap<string, KnownHub>;
  readonly revision: bigint | undefined;
}

export type HubRejection =
  | 'hub-already-linked'
  | 'hub-not-linked'
  | 'hub-changed'
  | 'hub-name-mismatch'
  | 'hub-weight-out-of-range'
  | 'hub-capacity-out-of-range'
  | 'too-many-hubs';

function decide(command: HubCommand, state: HubsState): readonly HubEvent[] {
  const current = state.linked.get(command.hostName);
  switch (command.type) {
    case 'LinkHub': {
      const hub = hubOf({ ...command, ...open, ...command.availability }, command.connection, current);
      if (current === undefined) {
        if (state.linked.size >= LINKED_HUBS_MAX) throw refusal('too-many-hubs', `at most ${LINKED_HUBS_MAX} hubs can be linked`);
        return [{ type: 'HubLinked', data: { hub, at: command.at } }];
      }
      if (isDeepStrictEqual(hub, stored(current))) return [];
      throw refusal('hub-already-linked', `hub ${command.hostName} is linked already`);
    }
    case 'UpdateLinkedHub': {
      const before = existing(current, command);
      const hub = hubOf(merged(before, command), command.connection, before);
      if (isDeepStrictEqual(hub, stored(before))) {
        if (!isRepeat(command.ifMatch, before)) requireMatch(command.ifMatch, before);
        return [];
      }
      requireMatch(command.ifMatch, before);
      return [{ type: 'LinkedHubUpdated', data: { hub, at: command.at } }];
    }
    case 'UnlinkHub': {
      requireMatch(command.ifMatch, existing(current, { hostName: command.hostName, ifMatch: 'unconditional' }));
      return [{ type: 'HubUnlinked', data: { hostName: command.hostName, at: command.at } }];
    }
  }
}

type HubSettings = Omit<LinkedHub, 'connectionString'>;

const open: HubAvailability = { cordoned: false, draining: false, capacity: null };

function hubOf(settings: HubSettings, connection: RequestedConnection | null, current: KnownHub | undefined): LinkedHub {
  const { hostName, location, allocationWeight, applyAllocationPolicy, cordoned, draining, capacity } = settings;
  if (connection !== null && connection.hostName !== hostName) {
    throw refusal('hub-name-mismatch', `the connection string is for ${connection.hostName}, not for ${hostName}`);
  }
  if (
    !Number.isInteger(allocationWeight) ||
    allocationWeight < ALLOCATION_WEIGHT_MIN ||
    allocationWeight > ALLOCATION_WEIGHT_MAX
  ) {
    throw refusal(
      'hub-weight-out-of-range',
      `the allocation weight is a whole number from ${ALLOCATION_WEIGHT_MIN} to ${ALLOCATION_WEIGHT_MAX}`,
    );
  }
  if (capacity !== null && (!Number.isInteger(capacity) || capacity < 0 || capacity > HUB_CAPACITY_MAX)) {
    throw refusal('hub-capacity-out-of-range', `the capacity is a whole number from 0 to ${HUB_CAPACITY_MAX}, or null`);
  }
  const connectionString = connectionOf(hostName, connection, current);
  return { hostName, connectionString, location, allocationWeight, applyAllocationPolicy, cordoned, draining, capacity };
}

/** The same string sealed again looks different; the stored one stays, so that nothing has changed. */
function connectionOf(hostName: string, connection: RequestedConnection | null, current: KnownHub | undefined): SealedSecret {
  const kept = current?.connectionString;
  if (connection === null) {
    if (kept === undefined) throw notLinked(hostName);
    return kept;
  }
  return connection.connectionString.fingerprint === kept?.fingerprint ? kept : connection.connectionString;
}

function merged(before: KnownHub, command: Extract<HubCommand, { type: 'UpdateLinkedHub' }>): HubSettings {
  return {
    hostName: before.hostName,
    location: command.location ?? before.location,
    allocationWeight: command.allocationWeight ?? before.allocationWeight,
    applyAllocationPolicy: command.applyAllocationPolicy ?? before.applyAllocationPolicy,
    cordoned: command.availability?.cordoned ?? before.cordoned,
    draining: command.availability?.draining ?? before.draining,
    // Null is a value here: it lifts the limit.
    capacity: command.availability?.capacity === undefined ? before.capacity : command.availability.capacity,
  };
}

function stored(hub: KnownHub): LinkedHub {
  const { hostName, connectionString, location, allocationWeight, applyAllocationPolicy, cordoned, draining, capacity } = hub;
  return { hostName, connectionString, location, allocationWeight, applyAllocationPolicy, cordoned, draining, capacity };
}

function existing(
  current: KnownHub | undefined,
  { hostName, ifMatch }: { readonly hostName: string; readonly ifMatch: IfMatch },
): KnownHub {
  if (current !== undefined) return current;
  if (ifMatch !== 'unconditional') throw changed(hostName);
  throw notLinked(hostName);
}

/** The same change sent again still names the revision it was based on. */
function isRepeat(ifMatch: IfMatch, hub: KnownHub): boolean {
  return typeof ifMatch === 'object' && ifMatch.revision === hub.previousRevision;
}

function requireMatch(ifMatch: IfMatch, hub: KnownHub): void {
  if (!holds(ifMatch, hub.revision)) throw changed(hub.hostName);
}

function changed(hostName: string): Rejected<HubRejection> {
  return refusal('hub-changed', `hub ${hostName} is not as the If-Match header says`);
}

function notLinked(hostName: string): Rejected<HubRejection> {
  return refusal('hub-not-linked', `hub ${hostName} is not linked`);
}

function refusal(reason: HubRejection, message: string): Rejected<HubRejection> {
  return new Rejected(reason, message);
}

function evolve(state: HubsState, event: HubEvent): HubsState {
  const revision = (state.revision ?? -1n) + 1n;
  const linked = new Map(state.linked);
  const unlinked = new Map(state.unlinked);
  switch (event.type) {
    case 'HubLinked': {
      const { hub, at } = event.data;
      unlinked.delete(hub.hostName);
      linked.set(hub.hostName, { ...hub, revision, previousRevision: undefined, linkedAt: at, updatedAt: at });
      break;
    }
    case 'LinkedHubUpdated': {
      const { hub, at } = event.data;
      const before = linked.get(hub.hostName);
      const linkedAt = before?.linkedAt ?? at;
      linked.set(hub.hostName, { ...hub, revision, previousRevision: before?.revision, linkedAt, updatedAt: at });
      break;
    }
    case 'HubUnlinked': {
      const before = linked.get(event.data.hostName);
      linked.delete(event.data.hostName);
      if (before !== undefined) unlinked.set(before.hostName, before);
      if (unlinked.size > UNLINKED_HUBS_REMEMBERED_MAX) forgetOldest(unlinked);
      break;
    }
  }
  return { linked, unlinked, revision };
}

function forgetOldest(hubs: Map<string, KnownHub>): void {
  const oldest = hubs.keys().next();
  if (oldest.done !== true) hubs.delete(oldest.value);
}

export const hubDecider: Decider<HubsState, HubCommand, HubEvent> = {
  initialState: { linked: new Map(), unlinked: new Map(), revision: undefined },
  decide,
  evolve,
};
