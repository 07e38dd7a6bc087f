import { rights } from '../operators/access';
import { operatorRoles } from '../operators/operator-roles';
import { Claims, OidcRefused, OidcSettings, rightsBy, vouchedFor, wantedClaims } from './oidc.rules';

const settings: OidcSettings = {
  issuer: 'https://identity.example',
  clientId: 'rehome',
  clientSecret: 'secret',
  scope: 'openid',
  nameClaim: 'email',
  requiredClaim: { name: 'groups', value: 'operators' },
  roleClaim: 'groups',
  roles: [],
};
const withRoles: OidcSettings = {
  ...settings,
  roleClaim: 'department',
  roles: [
    { value: 'platform', role: 'administrator' },
    { value: 'field', role: 'operator' },
    { value: 'audit', role: 'auditor' },
  ],
};
const person = { email: 'ann@example.com', groups: ['operators'] };

function failureWith(claims: Claims): string | undefined {
  try {
    vouchedFor(claims, settings);
  } catch (error) {
    return error instanceof OidcRefused ? error.failure : undefined;
  }
  return undefined;
}

describe('whom a provider vouches for', () => {
  it.each([
    ['a list with the value', { email: 'ann@example.com', groups: ['guests', 'operators'] }],
    ['the value itself', { email: 'ann@example.com', groups: 'operators' }],
  ])('is let in with %s', (_what, claims) => {
    expect(vouchedFor(claims, settings)).toEqual({ name: 'ann@example.com', claims: ['groups=operators'] });
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
    expect(() => vouchedFor(claims, settings)).toThrow(OidcRefused);
    expect(failureWith(claims)).toBe('account');
  });

  it('asks for the claims that it looks at', () => {
    expect(wantedClaims(settings)).toEqual(['email', 'groups']);
    expect(wantedClaims(withRoles)).toEqual(['email', 'groups', 'department']);
  });
});

describe('what one may do', () => {
  it('is everything where no roles are configured', () => {
    expect([...rightsBy(['groups=operators'], settings)]).toEqual(rights);
  });

  it('is what the values of the claim stand for, those of several together', () => {
    const rightsWith = (department: unknown): readonly string[] =>
      [...rightsBy(vouchedFor({ ...person, department }, withRoles).claims, withRoles)].sort();
    expect(rightsWith('audit')).toEqual([...operatorRoles.auditor].sort());
    expect(rightsWith(['audit', 'field', 'canteen'])).toEqual([...operatorRoles.operator].sort());
    expect(rightsWith(['platform'])).toEqual([...rights].sort());
  });

  it.each([undefined, 'canteen', [], ['platforms'], 'platform;field'])('is not to come in with %p', (department) => {
    expect(() => vouchedFor({ ...person, department }, withRoles)).toThrow('no value of the claim department has a role');
  });

  it('is nothing without the required claim, whatever the role', () => {
    expect(() => vouchedFor({ ...person, groups: [], department: 'platform' }, withRoles)).toThrow('is not as required');
    expect(rightsBy(['department=platform'], withRoles).size).toBe(0);
  });

  it('is nothing for who came in before there were roles, so that one signs in again', () => {
    expect(rightsBy(vouchedFor(person, settings).claims, withRoles).size).toBe(0);
  });
});
