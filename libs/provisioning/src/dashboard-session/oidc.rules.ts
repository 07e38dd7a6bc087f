import type { Right } from '../operators/access';
import { operatorRoles } from '../operators/operator-roles';
import type { OperatorRole } from '../operators/operator-roles';

/** A claim that an operator must have: that text, or a list with it. */
export interface RequiredClaim {
  readonly name: string;
  readonly value: string;
}

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  /** Claim that becomes the operator's name in events. */
  readonly nameClaim: string;
  readonly requiredClaim: RequiredClaim;
  /** Claim whose values say what one may do. */
  readonly roleClaim: string;
  /** What each value stands for. None: whoever has the required claim is an administrator. */
  readonly roles: readonly { readonly value: string; readonly role: OperatorRole }[];
}

export type Claims = Readonly<Record<string, unknown>>;

export interface VouchedFor {
  readonly name: string;
  /** Those that count here, each as `claim=value`; what they grant is looked up at each request (`rightsBy`). */
  readonly claims: readonly string[];
}

/** `provider`: out of reach; `account`: known there, but nobody who may operate this service; `refused`: anything else. */
export type SignInFailure = 'provider' | 'account' | 'refused';

/** Why somebody is not let in; the message is for the log. */
export class OidcRefused extends Error {
  constructor(
    reason: string,
    readonly failure: SignInFailure = 'refused',
  ) {
    super(reason);
    this.name = 'OidcRefused';
  }
}

const NAME_CHARACTERS_MAX = 128;

export function wantedClaims({ nameClaim, requiredClaim, roleClaim, roles }: OidcSettings): string[] {
  return [...new Set([nameClaim, requiredClaim.name, ...(roles.length === 0 ? [] : [roleClaim])])];
}

/** The operator as the provider vouches for it. Error: `OidcRefused`. */
export function vouchedFor(claims: Claims, settings: OidcSettings): VouchedFor {
  const { nameClaim, requiredClaim, roleClaim, roles } = settings;
  const counting = [requiredClaim, ...roles.map(({ value }) => ({ name: roleClaim, value }))];
  const held = [...new Set(counting.filter((claim) => isHeld(claims, claim)).map(written))];
  if (!held.includes(written(requiredClaim))) {
    throw new OidcRefused(`the claim ${requiredClaim.name} is not as required`, 'account');
  }
  if (rightsBy(held, settings).size === 0) throw new OidcRefused(`no value of the claim ${roleClaim} has a role`, 'account');
  // Whoever may write any address into an account must not act under somebody else's.
  if (nameClaim === 'email' && claims.email_verified === false) {
    throw new OidcRefused('the address is not verified', 'account');
  }
  const name = claims[nameClaim];
  if (typeof name !== 'string' || name === '' || name.length > NAME_CHARACTERS_MAX) {
    throw new OidcRefused(`the claim ${nameClaim} is no name`, 'account');
  }
  return { name, claims: held };
}

/** What `VouchedFor.claims` grant by the settings of now: those of all roles together, none where the required claim is missing. */
export function rightsBy(held: readonly string[], { requiredClaim, roleClaim, roles }: OidcSettings): ReadonlySet<Right> {
  if (!held.includes(written(requiredClaim))) return new Set();
  if (roles.length === 0) return new Set(operatorRoles.administrator);
  const granted = roles.filter(({ value }) => held.includes(written({ name: roleClaim, value })));
  return new Set(granted.flatMap(({ role }): readonly Right[] => operatorRoles[role]));
}

function isHeld(claims: Claims, { name, value }: RequiredClaim): boolean {
  const held = claims[name];
  return Array.isArray(held) ? held.includes(value) : held === value;
}

/** Names of claims have no `=`. */
function written({ name, value }: RequiredClaim): string {
  return `${name}=${value}`;
}
