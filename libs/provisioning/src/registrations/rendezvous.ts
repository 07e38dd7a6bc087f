/** A hub as a device may be sent there. */
export interface Candidate {
  readonly hub: string;
  readonly weight: number;
}

/**
 * Weighted rendezvous hashing: every hub draws a score for the device, the highest wins. Adding or removing a hub, or changing a
 * weight, moves only the devices whose winner that is. Empty text for no candidates.
 */
export function rendezvous(registrationId: string, candidates: readonly Candidate[]): string {
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
