import { z } from 'zod';
import { Networks, isNetwork } from '../shared/networks';
import { CallerRegion } from './allocation.latency';

const REGIONS_MAX = 200;
const NETWORKS_MAX = 10_000;
const LOCATIONS_MAX = 200;
const LATENCY_MS_MAX = 60_000;
const TOLERANCE_MS_DEFAULT = 0;
/** Problems told of one file; the rest would only make the message long. */
const PROBLEMS_NAMED_MAX = 5;

const latencyMs = z.number().min(0).max(LATENCY_MS_MAX);
const region = z.strictObject({
  networks: z
    .array(z.string().refine(isNetwork, 'must be an address or a network such as 10.0.0.0/8'))
    .max(NETWORKS_MAX)
    .default([]),
  latenciesMs: z
    .record(z.string().min(1).max(128), latencyMs)
    .refine((table) => Object.keys(table).length <= LOCATIONS_MAX, `must name at most ${LOCATIONS_MAX} locations`),
});
const file = z.strictObject({
  defaultRegion: z.string().optional(),
  toleranceMs: latencyMs.default(TOLERANCE_MS_DEFAULT),
  regions: z
    .record(z.string().min(1).max(128), region)
    .refine((regions) => Object.keys(regions).length <= REGIONS_MAX, `must have at most ${REGIONS_MAX} regions`),
});

/** Latencies from where devices call to where hubs are, as an operator knows them. */
export class LatencyTable {
  private readonly networks: Networks;

  constructor(
    private readonly toleranceMs: number,
    private readonly defaultRegion: string | undefined,
    private readonly regionOfNetwork: ReadonlyMap<string, string>,
    private readonly latenciesMs: ReadonlyMap<string, Readonly<Record<string, number>>>,
  ) {
    this.networks = new Networks([...regionOfNetwork.keys()]);
  }

  /** The region of the narrowest network that has the address, else the default one, else none. */
  regionOf(address: string | null): CallerRegion {
    const network = address === null ? undefined : this.networks.find(address);
    const name = (network === undefined ? undefined : this.regionOfNetwork.get(network)) ?? this.defaultRegion ?? null;
    const latenciesMs = (name === null ? undefined : this.latenciesMs.get(name)) ?? {};
    return { name, network: network ?? null, latenciesMs, toleranceMs: this.toleranceMs };
  }
}

/** Reads the JSON of `REHOME_LATENCY_FILE`. Error: `RangeError` whose message completes the sentence "the file …". */
export function parseLatencyTable(text: string): LatencyTable {
  const parsed = file.safeParse(parsedJson(text));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
    throw new RangeError(`is not as documented: ${problems.slice(0, PROBLEMS_NAMED_MAX).join('; ')}`);
  }
  const { toleranceMs, defaultRegion, regions } = parsed.data;
  if (defaultRegion !== undefined && !Object.hasOwn(regions, defaultRegion)) {
    throw new RangeError('names a default region that it does not describe');
  }
  const regionOfNetwork = new Map<string, string>();
  const latenciesMs = new Map<string, Readonly<Record<string, number>>>();
  for (const [name, { networks, latenciesMs: table }] of Object.entries(regions)) {
    latenciesMs.set(name, Object.fromEntries(Object.entries(table).map(([location, ms]) => [location.toLowerCase(), ms])));
    for (const network of networks) {
      if (regionOfNetwork.has(network)) throw new RangeError(`gives network ${network} to more than one region`);
      regionOfNetwork.set(network, name);
    }
  }
  return new LatencyTable(toleranceMs, defaultRegion, regionOfNetwork, latenciesMs);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError('is not JSON');
  }
}
