import { ConfigurationError, loadConfiguration } from './configuration';

const provider = {
  REHOME_OIDC_ISSUER: 'https://identity.example',
  REHOME_OIDC_CLIENT_ID: 'rehome',
  REHOME_OIDC_CLIENT_SECRET: 'a-secret-of-the-client',
};

function refusal(environment: Record<string, string>): string {
  try {
    loadConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe('an identity provider', () => {
  it('is none unless it is configured', () => {
    expect(loadConfiguration({}).oidc).toBeUndefined();
  });

  it('is taken with a required claim', () => {
    const { oidc } = loadConfiguration({ ...provider, REHOME_OIDC_REQUIRED_CLAIM: 'groups=operators=of=all' });
    expect(oidc).toEqual({
      issuer: 'https://identity.example',
      clientId: 'rehome',
      clientSecret: 'a-secret-of-the-client',
      scope: 'openid profile email',
      nameClaim: 'email',
      requiredClaim: { name: 'groups', value: 'operators=of=all' },
      roleClaim: 'groups',
      roles: [],
    });
  });

  it('gives roles to values of a claim, whatever else is in a value', () => {
    const { oidc } = loadConfiguration({
      ...provider,
      REHOME_OIDC_REQUIRED_CLAIM: 'groups=operators',
      REHOME_OIDC_ROLE_CLAIM: 'https://example.com/roles',
      REHOME_OIDC_ROLES: 'cn=admins,dc=example=administrator; field staff=operator;audit=auditor;',
    });
    expect(oidc).toMatchObject({
      roleClaim: 'https://example.com/roles',
      roles: [
        { value: 'cn=admins,dc=example', role: 'administrator' },
        { value: 'field staff', role: 'operator' },
        { value: 'audit', role: 'auditor' },
      ],
    });
  });

  it('is refused with roles that are none, with none for the claim, and with roles but no provider', () => {
    const whole = { ...provider, REHOME_OIDC_REQUIRED_CLAIM: 'groups=operators' };
    for (const roles of ['admins', 'admins=root', '=administrator', ';', 'a=auditor;b']) {
      expect(refusal({ ...whole, REHOME_OIDC_ROLES: roles })).toContain('each with a role of administrator, operator, auditor');
    }
    expect(refusal({ ...whole, REHOME_OIDC_ROLE_CLAIM: 'roles' })).toBe(
      'REHOME_OIDC_ROLE_CLAIM must come with REHOME_OIDC_ROLES',
    );
    expect(refusal({ REHOME_OIDC_ROLES: 'a=auditor' })).toBe('REHOME_OIDC_ROLES must come with REHOME_OIDC_ISSUER');
  });

  it('is refused half, over plain HTTP and with a claim that is none, without showing the secret', () => {
    const { REHOME_OIDC_CLIENT_ID: _id, ...half } = provider;
    expect(refusal(half)).toContain('must be set together');
    expect(refusal({ ...provider, REHOME_OIDC_ISSUER: 'http://identity.example' })).toContain('an https:// URL');
    const message = refusal({ ...provider, REHOME_OIDC_REQUIRED_CLAIM: 'operators' });
    expect(message).toContain('be claim=value');
    expect(message).not.toContain('a-secret-of-the-client');
  });
});
