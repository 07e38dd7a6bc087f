import type { OidcSettings } from './oidc.rules';

export interface DashboardSettings {
  /** Directory of the built page; where it is not built, /dashboard says so. */
  readonly directory: string;
  /** Undefined: operators sign in by their token alone. */
  readonly oidc: OidcSettings | undefined;
}

/** Injection token of the `DashboardSettings`. */
export const DASHBOARD_SETTINGS = Symbol('DASHBOARD_SETTINGS');
