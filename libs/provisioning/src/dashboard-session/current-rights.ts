import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { AccessControl, Right } from '../operators/access';
import { ACCESS_CONTROL } from '../shared/tokens';
import { DASHBOARD_SETTINGS } from './dashboard-settings';
import type { DashboardSettings } from './dashboard-settings';
import { rightsBy } from './oidc.rules';

/** Who signed in, as it is remembered: what that grants is looked up anew. */
export interface SignedIn {
  /** Operator's name, as events record it. */
  readonly name: string;
  /** Of `VouchedFor`; null: signed in by token. */
  readonly claims: readonly string[] | null;
}

export interface Standing {
  readonly rights: ReadonlySet<Right>;
  /** Digest of the secret behind it, the operator's token or the provider's client secret. */
  readonly credential: Buffer;
}

/** What this process's configuration grants somebody now, whatever it did at sign-in. */
@Injectable()
export class CurrentRights {
  constructor(
    @Inject(ACCESS_CONTROL) private readonly access: AccessControl,
    @Inject(DASHBOARD_SETTINGS) private readonly settings: DashboardSettings,
  ) {}

  /** Undefined: nobody here any more. */
  of({ name, claims }: SignedIn): Standing | undefined {
    if (claims !== null) return this.byClaims(claims);
    const operator = this.access.operatorNamed(name);
    return operator === undefined ? undefined : { rights: operator.rights, credential: operator.tokenDigest };
  }

  private byClaims(claims: readonly string[]): Standing | undefined {
    const { oidc } = this.settings;
    if (oidc === undefined) return undefined;
    const rights = rightsBy(claims, oidc);
    const { issuer, clientId, clientSecret } = oidc;
    const credential = createHash('sha256')
      .update(JSON.stringify([issuer, clientId, clientSecret]))
      .digest();
    return rights.size === 0 ? undefined : { rights, credential };
  }
}
