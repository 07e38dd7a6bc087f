import { decodeSymmetricKey, hasExpired, isSignedBy, KeyPair, parseSasToken, SasToken, signingKey } from '@app/attestation';

/** What a shared access policy of an IoT hub may grant. */
export const hubRights = ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'] as const;
export type HubRight = (typeof hubRights)[number];

export interface HubPolicy {
  readonly name: string;
  /** base64. */
  readonly key: string;
  readonly rights: readonly HubRight[];
}

/** Tokens proven before, kept to save a signature per request; the oldest go first. */
const TOKENS_CACHED_MAX = 4096;

/** Reasons are for the log alone. */
export type PolicyVerdict =
  | { readonly kind: 'policy'; readonly policy: HubPolicy }
  /** The token names no policy; it may be a device's and is for the caller to check against that device's keys. */
  | { readonly kind: 'device'; readonly deviceId: string; readonly token: SasToken }
  | { readonly kind: 'refused'; readonly reason: string };

interface ProvenToken {
  readonly policy: HubPolicy;
  readonly token: SasToken;
  /** Of `sr`, after the host name. */
  readonly segments: readonly string[];
}

const refused = (reason: string): PolicyVerdict => ({ kind: 'refused', reason });

/** Judges `Authorization` headers at one hub. */
export class HubAccess {
  private readonly policies: ReadonlyMap<string, { readonly policy: HubPolicy; readonly key: Buffer }>;
  private readonly proven = new Map<string, ProvenToken>();

  constructor(
    private readonly hostName: string,
    policies: readonly HubPolicy[],
  ) {
    this.policies = new Map(policies.map((policy) => [policy.name, { policy, key: keyOf(policy) }]));
  }

  /** `path` is the request's path without query, as sent. */
  judge(authorization: string | undefined, path: string, now: Date): PolicyVerdict {
    if (authorization === undefined) return refused('no Authorization header');
    const known = this.proven.get(authorization);
    if (known !== undefined) return this.judgeProven(known, authorization, path, now);
    const result = parseSasToken(authorization);
    if (!result.parsed) return refused(result.reason);
    const { token } = result;
    const [host = '', ...segments] = token.resource.split('/');
    // A client that was given another port writes it into the resource.
    if (host.replace(/:\d{1,5}$/, '').toLowerCase() !== this.hostName) return refused('the token is for another host');
    if (hasExpired(token, now)) return refused(`the token expired at ${token.signedExpiry}`);
    if (token.keyName === '') return deviceVerdict(segments, token);
    const named = this.policies.get(token.keyName);
    if (named === undefined) return refused('the token names no policy of this hub');
    if (!isSignedBy(token, named.key)) return refused('the signature does not fit the key of the policy');
    const proven = { policy: named.policy, token, segments: segments.filter((segment) => segment !== '') };
    this.remember(authorization, proven);
    return this.judgeProven(proven, authorization, path, now);
  }

  private judgeProven(proven: ProvenToken, authorization: string, path: string, now: Date): PolicyVerdict {
    if (hasExpired(proven.token, now)) {
      this.proven.delete(authorization);
      return refused(`the token expired at ${proven.token.signedExpiry}`);
    }
    if (!covers(proven.segments, path)) return refused('the token is for another resource');
    return { kind: 'policy', policy: proven.policy };
  }

  private remember(authorization: string, proven: ProvenToken): void {
    if (this.proven.size >= TOKENS_CACHED_MAX) {
      const oldest = this.proven.keys().next();
      if (oldest.done !== true) this.proven.delete(oldest.value);
    }
    this.proven.set(authorization, proven);
  }
}

/** Throws when the key is not one: with an empty key everybody could sign. */
function keyOf({ name, key }: HubPolicy): Buffer {
  const bytes = decodeSymmetricKey(key);
  if (bytes === undefined) throw new Error(`the key of hub policy ${name} is not base64 of 16 to 64 bytes`);
  return bytes;
}

/** A device's own token is for `{host}/devices/{deviceId}` and nothing wider. */
function deviceVerdict(segments: readonly string[], token: SasToken): PolicyVerdict {
  const [collection = '', deviceId = '', ...rest] = segments;
  if (collection.toLowerCase() !== 'devices' || deviceId === '' || rest.length > 0) {
    return refused('the token names no policy and is not for one device');
  }
  return { kind: 'device', deviceId, token };
}

/** Undefined when the token is the device's; otherwise why not. */
export function deviceTokenProblem(token: SasToken, keys: KeyPair | undefined): string | undefined {
  if (keys === undefined) return 'the device has no symmetric keys';
  return signingKey(token, keys) === undefined ? 'the signature fits neither key of the device' : undefined;
}

/** Whether the segments of `sr` begin the path: names of collections in any case, device ids exactly. */
function covers(segments: readonly string[], path: string): boolean {
  if (segments.length === 0) return true;
  const there = path.split('/').filter((segment) => segment !== '');
  return segments.every((segment, index) => {
    const found = decoded(there[index] ?? '');
    return found === segment || (index === 0 && found.toLowerCase() === segment.toLowerCase());
  });
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
