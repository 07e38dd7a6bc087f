import { createHash, timingSafeEqual } from 'node:crypto';
import {
  CLOCK_SKEW_MS,
  decodeSymmetricKey,
  KeyPair,
  parseSasToken,
  SAS_TOKEN_CHARACTERS_MAX,
  splitAuthorization,
  verifySasToken,
} from '@app/attestation';
import { AccessControl, AccessVerdict, Operator, Right, withoutRight } from './access';

/** A shared access policy of the service; keys are base64 of 16 to 64 bytes. */
export interface AccessPolicy {
  readonly name: string;
  readonly primaryKey: string;
  readonly secondaryKey?: string | undefined;
  readonly rights: readonly Right[];
}

/** A person or program with a bearer token. */
export interface OperatorToken {
  readonly name: string;
  readonly token: string;
  readonly rights: readonly Right[];
}

export interface PolicyAccessControlOptions {
  /** Names under which this instance is reached; a SAS token's `sr` must be one of them. */
  readonly hostNames: readonly string[];
  readonly policies: readonly AccessPolicy[];
  readonly operators: readonly OperatorToken[];
}

/** SAS tokens whose signature need not be computed again; a client that keeps its token sends it with every request. */
const VERIFIED_TOKENS_MAX = 1000;
/** Names from outside are cut before they reach the log. */
const LOGGED_NAME_CHARACTERS_MAX = 64;

interface Holder {
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
}
interface PolicyHolder extends Holder {
  readonly keys: KeyPair;
}

type Authentication = { readonly holder: Holder; readonly isOperator: boolean } | { readonly reason: string };

/**
 * Grants rights to the service's shared access policies (SAS tokens, wire contract §4.8) and to operators (bearer tokens, compared
 * in constant time by their SHA-256). Errors: the constructor throws on a key that is no base64 of 16 to 64 bytes and on a policy
 * or operator named twice; the message holds the name alone.
 */
export class PolicyAccessControl implements AccessControl {
  private readonly hostNames: ReadonlySet<string>;
  private readonly policies: ReadonlyMap<string, PolicyHolder>;
  private readonly operators: readonly Operator[];
  private readonly verified = new Map<string, { readonly holder: Holder; readonly expiresAtMs: number }>();

  constructor({ hostNames, policies, operators }: PolicyAccessControlOptions) {
    this.hostNames = new Set(hostNames.map((name) => name.toLowerCase()));
    this.policies = new Map(policies.map((policy) => [policy.name, policyHolder(policy)]));
    this.operators = operators.map(operatorHolder);
    if (this.policies.size !== policies.length) throw new Error('two shared access policies have the same name');
    if (new Set(operators.map(({ name }) => name)).size !== operators.length) throw new Error('two operators have the same name');
  }

  authorize(authorization: string | undefined, right: Right, now: Date): AccessVerdict {
    const authentication = this.authenticate(authorization, now);
    if (!('holder' in authentication)) return { granted: false, reason: authentication.reason };
    const { name, rights } = authentication.holder;
    if (rights.has(right)) return { granted: true, actor: { kind: 'operator', name } };
    const refused = { granted: false, reason: withoutRight(name, right) } as const;
    // Clients made for Azure DPS, which come with a policy, know 401 alone.
    return authentication.isOperator ? { ...refused, missing: right } : refused;
  }

  /** Compares with every operator's token, so that the time taken does not tell which one is near. */
  operatorWith(token: string): Operator | undefined {
    const digest = sha256(token);
    let found: Operator | undefined;
    for (const operator of this.operators) {
      if (timingSafeEqual(operator.tokenDigest, digest)) found = operator;
    }
    return found;
  }

  operatorNamed(name: string): Operator | undefined {
    return this.operators.find((operator) => operator.name === name);
  }

  private authenticate(authorization: string | undefined, now: Date): Authentication {
    if (authorization === undefined || authorization === '') return { reason: 'no Authorization header' };
    if (authorization.length > SAS_TOKEN_CHARACTERS_MAX) return { reason: 'the Authorization header is too long' };
    const { scheme, credentials } = splitAuthorization(authorization);
    switch (scheme.toLowerCase()) {
      case 'bearer':
        return this.bearer(credentials);
      case 'sharedaccesssignature':
        return this.cachedPolicyOf(authorization, now);
      default:
        return { reason: 'the Authorization header is of an unknown scheme' };
    }
  }

  private bearer(token: string): Authentication {
    const holder = this.operatorWith(token);
    return holder === undefined ? { reason: 'the bearer token is unknown' } : { holder, isOperator: true };
  }

  private cachedPolicyOf(authorization: string, now: Date): Authentication {
    const known = this.verified.get(authorization);
    if (known !== undefined) {
      if (now.getTime() < known.expiresAtMs + CLOCK_SKEW_MS) return { holder: known.holder, isOperator: false };
      this.verified.delete(authorization);
    }
    const result = this.policyOf(authorization, now);
    if (!('holder' in result)) return result;
    this.remember(authorization, result);
    return { holder: result.holder, isOperator: false };
  }

  private policyOf(
    authorization: string,
    now: Date,
  ): { readonly holder: Holder; readonly expiresAtMs: number } | { readonly reason: string } {
    const result = parseSasToken(authorization);
    if (!result.parsed) return result;
    const { token } = result;
    if (token.keyName === '') return { reason: 'the token names no policy' };
    const policy = this.policies.get(token.keyName);
    if (policy === undefined) {
      return { reason: `there is no policy ${JSON.stringify(token.keyName.slice(0, LOGGED_NAME_CHARACTERS_MAX))}` };
    }
    const verdict = verifySasToken({ token, covers: (resource) => this.covers(resource), keys: policy.keys, now });
    if (!verdict.valid) return { reason: `policy "${policy.name}": ${verdict.reason}` };
    return { holder: policy, expiresAtMs: verdict.expiresAtMs };
  }

  /**
   * `sr` grants what lies under it, compared segment by segment. Rights here are for the whole instance, so only the host itself
   * (first segment, a port aside) covers them; a token for a path below it grants nothing.
   */
  private covers(resource: string): boolean {
    const [host, ...rest] = resource.toLowerCase().split('/');
    const belowHost = rest.some((segment) => segment !== '');
    return host !== undefined && !belowHost && this.hostNames.has(host.replace(/:\d{1,5}$/, ''));
  }

  private remember(authorization: string, entry: { readonly holder: Holder; readonly expiresAtMs: number }): void {
    if (this.verified.size >= VERIFIED_TOKENS_MAX) {
      const oldest = this.verified.keys().next();
      if (oldest.done !== true) this.verified.delete(oldest.value);
    }
    this.verified.set(authorization, entry);
  }
}

function policyHolder({ name, primaryKey, secondaryKey, rights }: AccessPolicy): PolicyHolder {
  const primary = decodeSymmetricKey(primaryKey);
  const secondary = secondaryKey === undefined ? undefined : decodeSymmetricKey(secondaryKey);
  if (primary === undefined || (secondaryKey !== undefined && secondary === undefined)) {
    throw new Error(`a key of the shared access policy "${name}" is not the base64 of 16 to 64 bytes`);
  }
  return { name, keys: { primary, secondary }, rights: new Set(rights) };
}

function operatorHolder({ name, token, rights }: OperatorToken): Operator {
  if (token === '') throw new Error(`the bearer token of operator "${name}" is empty`);
  return { name, tokenDigest: sha256(token), rights: new Set(rights) };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
