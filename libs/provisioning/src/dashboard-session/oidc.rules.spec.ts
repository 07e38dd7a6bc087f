import { OidcRefused, operatorIn, wantedClaims } from './oidc.rules';

const settings = {
  issuer: 'https://identity.example',
  clientId: 'rehome',
  clientSecret: 'secret',
  scope: 'openid',
  nameClaim: 'email',
  requiredClaim: { name: 'groups', value: 'operators' },
};

describe('whom a provider vouches for', () => {
  it.each([
    ['a list with the value', { email: 'ann@example.com', groups: ['guests', 'operators'] }],
    ['the value itself', { email: 'ann@example.com', groups: 'operators' }],
  ])('is let in with %s', (_what, claims) => {
    expect(operatorIn(claims, settings)).toBe('ann@example.com');
  });

  it.each([
    ['no such claim', { email: 'ann@example.com' }],
    ['an address that nobody has verified', { email: 'ann@example.com', email_verified: false, groups: ['operators'] }],
    ['another value', { email: 'ann@example.com', groups: ['operators-of-old'] }],
    ['a text that begins like it', { email: 'ann@example.com', groups: 'operators, guests' }],
    ['no name', { groups: ['operators'] }],
    ['an empty name', { email: '', groups: ['operators'] }],
    ['a name that is none', { email: ['ann'], groups: ['operators'] }],
    ['an endless name', { email: 'a'.repeat(1_000), groups: ['operators'] }],
  ])('is refused with %s', (_what, claims) => {
    expect(() => operatorIn(claims, settings)).toThrow(OidcRefused);
  });

  it('asks for the claims that it looks at', () => {
    expect(wantedClaims(settings)).toEqual(['email', 'groups']);
  });
});
