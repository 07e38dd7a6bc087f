import { AllocationPolicy } from '../shared/shapes';

export interface HubFact {
  readonly hostName: string;
  readonly allocationWeight: number;
  readonly applyAllocationPolicy: boolean;
}

export interface AllocationRequest {
  readonly registrationId: string;
  readonly policy: AllocationPolicy;
  /** Host names the enrollment lists; empty when it leaves the choice to the instance. */
  readonly listed: readonly string[];
  readonly linked: readonly HubFact[];
}

export interface Candidate {
  readonly hub: string;
  readonly weight: number;
}

export type Allocation =
  | { readonly chosen: string; readonly candidates: readonly Candidate[]; readonly reason: string }
  | { readonly chosen: null; readonly candidates: readonly Candidate[]; readonly errorCode: number; readonly reason: string };

const HUB_NOT_SPECIFIED = 400208;
const CUSTOM_ALLOCATION_FAILED = 400207;

/** Which hub a device belongs to now, and why: pure, so that the same facts give the same answer for ever. */
export function allocate(request: AllocationRequest): Allocation {
  const { candidates, note } = candidatesOf(request);
  const refused = (errorCode: number, reason: string): Allocation => ({ chosen: null, candidates, errorCode, reason });
  const first = candidates[0];
  if (first === undefined) return refused(HUB_NOT_SPECIFIED, `no linked hub can take the device${note}`);
  switch (request.policy) {
    case 'static':
      if (request.listed.length !== 1) {
        return refused(
          HUB_NOT_SPECIFIED,
          `static allocation needs exactly one hub in the enrollment, which lists ${request.listed.length}`,
        );
      }
      return { chosen: first.hub, candidates, reason: `${first.hub} is the one hub the enrollment names` };
    case 'hashed':
      return { chosen: rendezvous(request.registrationId, candidates), candidates, reason: spreadReason(candidates, note) };
    case 'geoLatency':
      return {
        chosen: rendezvous(request.registrationId, candidates),
        candidates,
        reason: `no latencies are known, so all hubs tie; ${spreadReason(candidates, note)}`,
      };
    case 'custom':
      return refused(CUSTOM_ALLOCATION_FAILED, 'Custom allocation failed: this instance does not call allocation webhooks');
  }
}

function candidatesOf(request: AllocationRequest): { candidates: readonly Candidate[]; note: string } {
  const asCandidate = (hub: HubFact): Candidate => ({ hub: hub.hostName, weight: hub.allocationWeight });
  if (request.listed.length === 0) {
    return { candidates: request.linked.filter((hub) => hub.applyAllocationPolicy).map(asCandidate), note: '' };
  }
  const listed = new Set(request.listed.map((name) => name.toLowerCase()));
  const candidates = request.linked.filter((hub) => listed.has(hub.hostName)).map(asCandidate);
  for (const { hub } of candidates) listed.delete(hub);
  return { candidates, note: listed.size === 0 ? '' : ` (listed but not linked: ${[...listed].join(', ')})` };
}

function spreadReason(candidates: readonly Candidate[], note: string): string {
  const others = candidates.length === 1 ? 'the only candidate' : `weighted rendezvous over ${candidates.length} candidates`;
  return `${others}${note}`;
}

/**
 * Weighted rendezvous hashing: every hub draws a score for the device, the highest wins. Adding or removing a hub, or changing a
 * weight, moves only the devices whose winner that is.
 */
function rendezvous(registrationId: string, candidates: readonly Candidate[]): string {
  const key = registrationId.toLowerCase();
  let best = { hub: '', score: -Infinity };
  for (const { hub, weight } of candidates) {
    const score = -weight / Math.log(unitHash(`${hub}\n${key}`));
    if (score > best.score || (score === best.score && hub < best.hub)) best = { hub, score };
  }
  return best.hub;
}

const FNV_PRIME = 0x01000193;
const FNV_OFFSET = 0x811c9dc5;
const SECOND_SEED = 0x9e3779b9;
const TWO_POW_20 = 0x100000;
const TWO_POW_32 = 0x100000000;

/** Text to a number strictly between 0 and 1, evenly spread over 52 bits. Written out so that it is the same on every platform for ever. */
function unitHash(text: string): number {
  let a = FNV_OFFSET;
  let b = SECOND_SEED;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), FNV_PRIME);
    b = Math.imul(b ^ text.charCodeAt(i), FNV_PRIME);
  }
  const bits = (avalanche(a ^ (b >>> 16)) & (TWO_POW_20 - 1)) * TWO_POW_32 + avalanche(b + text.length);
  return (bits + 0.5) / (TWO_POW_20 * TWO_POW_32);
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. */
function avalanche(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
