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
}

export type Claims = Readonly<Record<string, unknown>>;

/** Why somebody is not let in; for the log. */
export class OidcRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'OidcRefused';
  }
}

const NAME_CHARACTERS_MAX = 128;

export function wantedClaims({ nameClaim, requiredClaim }: OidcSettings): string[] {
  return [nameClaim, requiredClaim.name];
}

/** The operator's name as the provider vouches for it. Error: `OidcRefused`. */
export function operatorIn(claims: Claims, { nameClaim, requiredClaim }: OidcSettings): string {
  const held = claims[requiredClaim.name];
  const isHeld = Array.isArray(held) ? held.includes(requiredClaim.value) : held === requiredClaim.value;
  if (!isHeld) throw new OidcRefused(`the claim ${requiredClaim.name} is not as required`);
  // Whoever may write any address into an account must not act under somebody else's.
  if (nameClaim === 'email' && claims.email_verified === false) throw new OidcRefused('the address is not verified');
  const name = claims[nameClaim];
  if (typeof name !== 'string' || name === '' || name.length > NAME_CHARACTERS_MAX) {
    throw new OidcRefused(`the claim ${nameClaim} is no name`);
  }
  return name;
}
