import { randomBytes } from 'node:crypto';
import * as oidc from 'openid-client';
import type { Claims, OidcSettings } from './oidc.rules';
import { OidcRefused, operatorIn, wantedClaims } from './oidc.rules';

/** How long a person may take at the identity provider. */
export const SIGN_IN_TIMEOUT_MS = 10 * 60_000;
const SIGN_INS_MAX = 1_000;
const PROVIDER_TIMEOUT_S = 10;
const ID_BYTES = 32;
const CODE_CHALLENGE_METHOD = 'S256';

interface SignIn {
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly redirectUri: string;
  readonly startedAtMs: number;
}

/**
 * Signs operators in by an OpenID Connect provider: authorization code with PKCE, state and nonce; the library checks the ID token.
 * The provider is asked for its metadata at the first sign-in, so that this service starts without it.
 */
export class OidcSignIns {
  private readonly open = new Map<string, SignIn>();
  private provider: Promise<oidc.Configuration> | undefined;

  constructor(private readonly settings: OidcSettings) {}

  /** `id` is for a cookie of this browser, `location` where it has to go. Error: `OidcRefused` where the provider is out of reach. */
  async begin(redirectUri: string, now: Date): Promise<{ readonly id: string; readonly location: string }> {
    const provider = await this.discovered();
    const signIn = {
      codeVerifier: oidc.randomPKCECodeVerifier(),
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      redirectUri,
      startedAtMs: now.getTime(),
    };
    const location = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope: this.settings.scope,
      code_challenge: await oidc.calculatePKCECodeChallenge(signIn.codeVerifier),
      code_challenge_method: CODE_CHALLENGE_METHOD,
      state: signIn.state,
      nonce: signIn.nonce,
    });
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.makeRoom(now);
    this.open.set(id, signIn);
    return { id, location: location.href };
  }

  /** The operator's name. `query` is what the provider sent the browser back with. Error: `OidcRefused`, for the log. */
  async finish(id: string | undefined, query: string, now: Date): Promise<string> {
    const signIn = id === undefined ? undefined : this.open.get(id);
    if (id === undefined || signIn === undefined) throw new OidcRefused('this browser has begun no sign-in');
    this.open.delete(id);
    if (now.getTime() - signIn.startedAtMs > SIGN_IN_TIMEOUT_MS) throw new OidcRefused('the sign-in took too long');
    return operatorIn(await this.claims(signIn, query), this.settings);
  }

  private async claims({ codeVerifier, state, nonce, redirectUri }: SignIn, query: string): Promise<Claims> {
    const provider = await this.discovered();
    try {
      const checks = { pkceCodeVerifier: codeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await oidc.authorizationCodeGrant(provider, new URL(`${redirectUri}?${query}`), checks);
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
      throw refused(`the provider ${issuer} cannot be reached`, error);
    }
  }

  private makeRoom(now: Date): void {
    for (const [id, { startedAtMs }] of this.open) {
      if (now.getTime() - startedAtMs > SIGN_IN_TIMEOUT_MS) this.open.delete(id);
    }
    const oldest = this.open.keys().next();
    if (this.open.size >= SIGN_INS_MAX && oldest.done !== true) this.open.delete(oldest.value);
  }
}

function refused(what: string, error: unknown): OidcRefused {
  if (error instanceof OidcRefused) return error;
  const code = (error as { code?: unknown } | null)?.code;
  return new OidcRefused(`${what}: ${typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown'}`);
}
