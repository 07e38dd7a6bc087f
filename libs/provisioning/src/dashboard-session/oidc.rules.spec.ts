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
    ['another value', { email: 'ann@example.com', groups: ['operators-of-old'] }],
    ['a text that begins like it', { email: 'ann@example.com', groups: 'operators, guests' }],
    ['no name', { groups: ['operators'] }],
    ['an empty name', { email: '', groups: ['operators'] }],
    ['a name that is none', { email: ['ann'], groups: ['operators'] }],
    ['an endless name', { email: 'a'.repeat(1_000), groups: ['operators'] }],
  ])('is refused with %s', (_what, claims) => {
    expect(() => operatorIn(claims, settings)).toThrow(OidcRefused);
  });

  it('needs no claim but the name where none is required', () => {
    const open = { ...settings, requiredClaim: undefined };
    expect(operatorIn({ email: 'ann@example.com' }, open)).toBe('ann@example.com');
    expect(wantedClaims(open)).toEqual(['email']);
    expect(wantedClaims(settings)).toEqual(['email', 'groups']);
  });
});
