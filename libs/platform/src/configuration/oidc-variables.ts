import { z } from 'zod';
import type { OidcSettings } from '@app/provisioning/dashboard-session/oidc.rules';
import { OperatorRole, operatorRoleNames } from '@app/provisioning/operators/operator-roles';
import type { Variable } from './variables';

const TEXT_CHARACTERS_MAX = 1_024;
const ROLES_MAX = 100;

const text = z.string().max(TEXT_CHARACTERS_MAX, `have at most ${TEXT_CHARACTERS_MAX} characters`);
const claimName = z.string().regex(/^[\w.:/-]{1,128}$/, 'be the name of a claim');

/** Plain HTTP would let whoever is in between sign in as anybody. */
const issuer = text.refine((value) => URL.canParse(value) && new URL(value).protocol === 'https:', 'be an https:// URL');

const requiredClaim = z.string().transform((value, context) => {
  const [, name, wanted] = /^([\w.:/-]{1,128})=(.{1,256})$/.exec(value) ?? [];
  if (name !== undefined && wanted !== undefined) return { name, value: wanted };
  context.addIssue({ code: 'custom', message: 'be claim=value' });
  return z.NEVER;
});

/** Values may hold `,` and `=`, as the names of directories do, so that items are told apart by `;` and the last `=` counts. */
const claimRoles = z.string().transform((value, context) => {
  const texts = value.split(';').map((each) => each.trim());
  const items = texts.filter((each) => each !== '').map((each) => /^(.{1,256})=(\w+)$/.exec(each) ?? []);
  const roles = items.flatMap(([, held, word]) => {
    const role = operatorRoleNames.find((each) => each === word);
    return held === undefined || role === undefined ? [] : [{ value: held, role }];
  });
  if (roles.length === items.length && roles.length > 0 && roles.length <= ROLES_MAX) return roles;
  const message = `be value=role, separated by semicolons, at most ${ROLES_MAX}, each with a role of ${operatorRoleNames.join(', ')}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function optional<Value>(definition: Omit<Variable<Value>, 'whenAbsent'>): Variable<Value | undefined> {
  return { ...definition, whenAbsent: undefined };
}

/** How operators sign in to the dashboard by an OpenID Connect provider (docs/how-to/dashboard.md). */
export const oidcVariables = {
  REHOME_OIDC_ISSUER: optional({
    schema: issuer,
    defaultText: 'none',
    documentation:
      'OpenID Connect issuer by which operators may sign in to the dashboard. Register `https://<host>/dashboard/oidc/callback` there.',
  }),
  REHOME_OIDC_CLIENT_ID: optional({
    schema: text,
    defaultText: 'none',
    documentation: 'Client id at `REHOME_OIDC_ISSUER`.',
  }),
  REHOME_OIDC_CLIENT_SECRET: optional({
    schema: text,
    defaultText: 'none',
    documentation: 'Client secret at `REHOME_OIDC_ISSUER`.',
    secret: true,
  }),
  REHOME_OIDC_SCOPE: {
    schema: text,
    whenAbsent: 'openid profile email',
    defaultText: '`openid profile email`',
    documentation: 'Scopes that are asked for, with `openid`.',
  } satisfies Variable<string>,
  REHOME_OIDC_NAME_CLAIM: {
    schema: claimName,
    whenAbsent: 'email',
    defaultText: '`email`',
    documentation: "Claim that becomes the operator's name in events.",
  } satisfies Variable<string>,
  REHOME_OIDC_REQUIRED_CLAIM: optional({
    schema: requiredClaim,
    defaultText: 'none',
    documentation:
      'Only who has this claim is let in, `claim=value`: the value itself, or a list with it, such as `groups=operators`. Needed with `REHOME_OIDC_ISSUER`.',
  }),
  REHOME_OIDC_ROLES: {
    schema: claimRoles,
    whenAbsent: [],
    defaultText: 'none',
    documentation:
      'What each value of `REHOME_OIDC_ROLE_CLAIM` lets its holder do: `value=role`, separated by semicolons, with a role of docs/reference/api.md; several together count. Who has none of them is not let in. None set: whoever has the required claim is an `administrator`.',
  } satisfies Variable<readonly { readonly value: string; readonly role: OperatorRole }[]>,
  REHOME_OIDC_ROLE_CLAIM: optional({
    schema: claimName,
    defaultText: 'that of `REHOME_OIDC_REQUIRED_CLAIM`',
    documentation: 'Claim whose values `REHOME_OIDC_ROLES` gives roles to: a text, or a list of texts.',
  }),
};

type OidcValues = { readonly [Name in keyof typeof oidcVariables]: (typeof oidcVariables)[Name]['whenAbsent'] };

export function oidcContradictions(values: OidcValues): string[] {
  const { REHOME_OIDC_ISSUER, REHOME_OIDC_CLIENT_ID, REHOME_OIDC_CLIENT_SECRET, REHOME_OIDC_REQUIRED_CLAIM } = values;
  // Whom a provider knows is not who may operate this service: the claim says that, and there is no default for it.
  const needed = [REHOME_OIDC_ISSUER, REHOME_OIDC_CLIENT_ID, REHOME_OIDC_CLIENT_SECRET, REHOME_OIDC_REQUIRED_CLAIM];
  const isWhole = needed.every((value) => value !== undefined) || needed.every((value) => value === undefined);
  const problems = isWhole
    ? []
    : [
        'REHOME_OIDC_ISSUER, REHOME_OIDC_CLIENT_ID, REHOME_OIDC_CLIENT_SECRET and REHOME_OIDC_REQUIRED_CLAIM must be set together',
      ];
  // Whoever names the claim means to tell people apart; without roles all would be administrators.
  if (values.REHOME_OIDC_ROLE_CLAIM !== undefined && values.REHOME_OIDC_ROLES.length === 0) {
    problems.push('REHOME_OIDC_ROLE_CLAIM must come with REHOME_OIDC_ROLES');
  }
  if (values.REHOME_OIDC_ROLES.length > 0 && REHOME_OIDC_ISSUER === undefined) {
    problems.push('REHOME_OIDC_ROLES must come with REHOME_OIDC_ISSUER');
  }
  return problems;
}

/** Undefined where no provider is configured. */
export function oidcSettings(values: OidcValues): OidcSettings | undefined {
  const { REHOME_OIDC_ISSUER: issuer, REHOME_OIDC_CLIENT_ID: clientId, REHOME_OIDC_CLIENT_SECRET: clientSecret } = values;
  const requiredClaim = values.REHOME_OIDC_REQUIRED_CLAIM;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined || requiredClaim === undefined)
    return undefined;
  return {
    issuer,
    clientId,
    clientSecret,
    scope: values.REHOME_OIDC_SCOPE,
    nameClaim: values.REHOME_OIDC_NAME_CLAIM,
    requiredClaim,
    roleClaim: values.REHOME_OIDC_ROLE_CLAIM ?? requiredClaim.name,
    roles: values.REHOME_OIDC_ROLES,
  };
}
