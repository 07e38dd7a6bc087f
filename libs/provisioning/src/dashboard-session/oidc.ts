import { createHmac, randomBytes } from 'node:crypto';
import * as oidc from 'openid-client';
import type { Claims, OidcSettings, VouchedFor } from './oidc.rules';
import { OidcRefused, vouchedFor, wantedClaims } from './oidc.rules';
import { returnAddress } from './return-address';

/** How long a person may take at the identity provider. */
export const SIGN_IN_TIMEOUT_MS = 10 * 60_000;
const PROVIDER_TIMEOUT_S = 10;
const ID_BYTES = 32;
const CODE_CHALLENGE_METHOD = 'S256';

/** What proves that an answer of the provider belongs to this browser. */
interface Proofs {
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
}

/**
 * Signs operators in by an OpenID Connect provider: authorization code with PKCE, state and nonce; the library checks the ID token.
 * The provider is asked for its metadata at the first sign-in, so that this service starts without it. Nothing is kept of a sign-in
 * under way: its proofs are derived from the browser's cookie with a key of all processes, so that any of them can finish it.
 */
export class OidcSignIns {
  private provider: Promise<oidc.Configuration> | undefined;

  constructor(
    private readonly settings: OidcSettings,
    private readonly key: Buffer,
  ) {}

  /** `cookie` is for this browser, `location` where it has to go. Error: `OidcRefused` where the provider is out of reach. */
  async begin(redirectUri: string, returnTo: string, now: Date): Promise<{ readonly cookie: string; readonly location: string }> {
    const provider = await this.discovered();
    const id = randomBytes(ID_BYTES).toString('base64url');
    const cookie = [now.getTime().toString(36), id, Buffer.from(returnTo).toString('base64url')].join('.');
    const { codeVerifier, state, nonce } = this.proofsOf(cookie);
    const location = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope: this.settings.scope,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: CODE_CHALLENGE_METHOD,
      state,
      nonce,
    });
    return { cookie, location: location.href };
  }

  /** Who it is, and the page first asked for. `query` is what the provider sent the browser back with. Error: `OidcRefused`. */
  async finish(
    cookie: string | undefined,
    redirectUri: string,
    query: string,
    now: Date,
  ): Promise<{ readonly person: VouchedFor; readonly returnTo: string }> {
    const [, startedAt, returnTo] = /^([0-9a-z]{1,11})\.[\w-]{43}\.([\w-]*)$/.exec(cookie ?? '') ?? [];
    if (cookie === undefined || startedAt === undefined) throw new OidcRefused('this browser has begun no sign-in');
    if (now.getTime() - Number.parseInt(startedAt, 36) > SIGN_IN_TIMEOUT_MS) {
      throw new OidcRefused('the sign-in took too long');
    }
    const claims = await this.claims(this.proofsOf(cookie), new URL(`${redirectUri}?${query}`));
    const page = Buffer.from(returnTo ?? '', 'base64url').toString('utf8');
    return { person: vouchedFor(claims, this.settings), returnTo: returnAddress(page) };
  }

  /** Of the whole cookie: one that was changed has another state, nonce and verifier than those the provider was told. */
  private proofsOf(cookie: string): Proofs {
    const proof = (what: string): string => createHmac('sha256', this.key).update(`${what} ${cookie}`).digest('base64url');
    return { codeVerifier: proof('verifier'), state: proof('state'), nonce: proof('nonce') };
  }

  private async claims({ codeVerifier, state, nonce }: Proofs, answer: URL): Promise<Claims> {
    const provider = await this.discovered();
    try {
      const checks = { pkceCodeVerifier: codeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await oidc.authorizationCodeGrant(provider, answer, checks);
      const claims = tokens.claims();
      if (claims === undefined) throw new OidcRefused('the provider gave no ID token');
      if (wantedClaims(this.settings).every((name) => claims[name] !== undefined)) return claims;
      // Many providers tell names and groups only here.
      return { ...(await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub)), ...claims };
    } catch (error) {
      throw refused('the provider did not vouch for the person', error);
    }
  }

  private async discovered(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    this.provider ??= oidc.discovery(new URL(issuer), clientId, clientSecret, undefined, { timeout: PROVIDER_TIMEOUT_S });
    try {
      return await this.provider;
    } catch (error) {
      this.provider = undefined;
      throw new OidcRefused(refused(`the provider ${issuer} cannot be reached`, error).message, 'provider');
    }
  }
}

function refused(what: string, error: unknown): OidcRefused {
  if (error instanceof OidcRefused) return error;
  const code = (error as { code?: unknown } | null)?.code;
  return new OidcRefused(`${what}: ${typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown'}`);
}
