import { Candidate } from './rendezvous';

/** Whence a device calls, and how far from there the locations of hubs are. */
export interface CallerRegion {
  /** Null where the address is in none of the networks and there is no default region. */
  readonly name: string | null;
  /** The network that the caller's address is in; null where the default region was taken. */
  readonly network: string | null;
  /** Milliseconds by location of a hub, in lower case. */
  readonly latenciesMs: Readonly<Record<string, number>>;
  /** Milliseconds by hub, measured: for hubs whose location has none in `latenciesMs`. */
  readonly measuredMs?: ReadonlyMap<string, number>;
  /** Hubs that are at most this much slower than the fastest tie with it. */
  readonly toleranceMs: number;
}

export interface HubLatency {
  readonly hub: string;
  readonly latencyMs: number | null;
  readonly measured?: true | undefined;
}

export interface LatencyGrounds {
  readonly region: string;
  readonly network: string | null;
  readonly toleranceMs: number;
  /** Of each candidate; null where the table has none for its location. */
  readonly hubs: readonly HubLatency[];
}

export interface Nearest {
  /** Null where no latency is known, so that another rule has to choose. */
  readonly latency: LatencyGrounds | null;
  readonly candidates: readonly Candidate[];
  readonly reason: string;
}

/** The candidates with the smallest latency, those that tie with it included. */
export function nearest(
  region: CallerRegion | null,
  linked: readonly { readonly hostName: string; readonly location?: string }[],
  candidates: readonly Candidate[],
): Nearest {
  const unknown = (reason: string): Nearest => ({ latency: null, candidates, reason });
  if (region === null) return unknown('no latencies are configured');
  if (region.name === null) return unknown('the address of the caller is in no region');
  const locations = new Map(linked.map(({ hostName, location = '' }) => [hostName, location.toLowerCase()]));
  const hubs = candidates.map(({ hub }): HubLatency => {
    const location = locations.get(hub) ?? '';
    const latencyMs = Object.hasOwn(region.latenciesMs, location) ? (region.latenciesMs[location] ?? null) : null;
    const measuredMs = latencyMs === null ? region.measuredMs?.get(hub) : undefined;
    return measuredMs === undefined ? { hub, latencyMs } : { hub, latencyMs: measuredMs, measured: true };
  });
  const known = hubs.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]));
  if (known.length === 0) return unknown(`region ${region.name} has no latency to any of the hubs`);
  const leastMs = Math.min(...known);
  const limitMs = leastMs + region.toleranceMs;
  const wasMeasured = hubs.some(({ latencyMs, measured }) => latencyMs === leastMs && measured === true);
  const figure = `${leastMs} ms${wasMeasured ? ', measured' : ''}`;
  const near = new Set(hubs.filter(({ latencyMs }) => latencyMs !== null && latencyMs <= limitMs).map(({ hub }) => hub));
  const tied = candidates.filter(({ hub }) => near.has(hub));
  const { name, network, toleranceMs } = region;
  const smallest = `${tied.map(({ hub }) => hub).join(', ')} with the smallest latency from region ${name} (${figure})`;
  const reason = tied.length === 1 ? smallest : `${smallest}; within ${toleranceMs} ms, so by weighted rendezvous`;
  return { latency: { region: name, network, toleranceMs, hubs }, candidates: tied, reason };
}
