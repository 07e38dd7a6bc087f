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
    });
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
