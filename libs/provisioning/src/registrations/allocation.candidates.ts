import { Candidate } from './rendezvous';

/** What is known of a linked hub when a device asks; members left out say nothing against it. */
export interface HubFact {
  readonly hostName: string;
  readonly allocationWeight: number;
  readonly applyAllocationPolicy: boolean;
  readonly location?: string;
  readonly cordoned?: boolean;
  readonly draining?: boolean;
  /** Devices it may have; null: no limit. */
  readonly capacity?: number | null;
  /** Devices it has, about; null where that is not known. */
  readonly devices?: number | null;
  /** True while this process cannot reach it. */
  readonly unreachable?: boolean;
}

export interface Excluded {
  readonly hub: string;
  /** Completes the sentence "the hub …". */
  readonly reason: string;
}

export interface Consideration {
  readonly candidates: readonly Candidate[];
  readonly excluded: readonly Excluded[];
  /** Hubs the enrollment lists that are not linked, in lower case. */
  readonly unknown: readonly string[];
}

interface Question {
  readonly listed: readonly string[];
  readonly linked: readonly HubFact[];
  readonly currentHub?: string | null;
}

/**
 * The hubs a device may go to, and why the others are not among them. What a hub says of itself (cordoned, draining, full) is kept
 * to even when no hub is left for a new device; a device that is there already stays when it has nowhere to go. That a hub cannot be
 * reached is an observation of this process, which may be wrong: it counts only while there is another candidate.
 */
export function consider({ listed, linked, currentHub = null }: Question): Consideration {
  const { named, unknown } = namedHubs(listed, linked);
  const excluded: Excluded[] = [];
  const open: HubFact[] = [];
  for (const hub of named) {
    const reason = closedTo(hub, hub.hostName === currentHub);
    if (reason === undefined) open.push(hub);
    else excluded.push({ hub: hub.hostName, reason });
  }
  const reachable = open.filter((hub) => hub.unreachable !== true || hub.hostName === currentHub);
  if (reachable.length > 0) {
    for (const hub of open) {
      if (!reachable.includes(hub)) excluded.push({ hub: hub.hostName, reason: 'cannot be reached at the moment' });
    }
    return { candidates: reachable.map(asCandidate), excluded, unknown };
  }
  if (open.length > 0) return { candidates: open.map(asCandidate), excluded, unknown };
  const present = named.find((hub) => hub.hostName === currentHub);
  if (present === undefined) return { candidates: [], excluded, unknown };
  return { candidates: [asCandidate(present)], excluded: excluded.filter(({ hub }) => hub !== currentHub), unknown };
}

function namedHubs(listed: readonly string[], linked: readonly HubFact[]): { named: readonly HubFact[]; unknown: string[] } {
  if (listed.length === 0) return { named: linked.filter((hub) => hub.applyAllocationPolicy), unknown: [] };
  const names = new Set(listed.map((name) => name.toLowerCase()));
  const named = linked.filter((hub) => names.has(hub.hostName));
  for (const { hostName } of named) names.delete(hostName);
  return { named, unknown: [...names] };
}

/** Why the hub is closed to this device; undefined where it is open. */
function closedTo(hub: HubFact, isThere: boolean): string | undefined {
  if (hub.draining === true) return 'is being drained';
  if (isThere) return undefined;
  if (hub.cordoned === true) return 'is cordoned: it takes no new devices';
  const { capacity = null, devices = null } = hub;
  if (capacity !== null && devices !== null && devices >= capacity) return `is full: ${devices} of ${capacity} devices`;
  return undefined;
}

function asCandidate(hub: HubFact): Candidate {
  return { hub: hub.hostName, weight: hub.allocationWeight };
}
