import fc from 'fast-check';
import { createSasToken } from '@app/attestation';
import { Right, rights } from './access';
import { PolicyAccessControl } from './access-control';
import { OperatorRole, operatorRoles } from './operator-roles';

const now = new Date('2026-01-01T00:00:00Z');
const expiresAt = new Date('2026-01-01T01:00:00Z');
const ownerKey = Buffer.alloc(32, 'owner');
const readerKeys = { primary: Buffer.alloc(32, 'reader'), secondary: Buffer.alloc(16, 'spare') };
const adminToken = 'an-administrators-token';

const access = new PolicyAccessControl({
  hostNames: ['Localhost', 'dps.example'],
  policies: [
    { name: 'provisioningserviceowner', primaryKey: ownerKey.toString('base64'), rights },
    {
      name: 'reader',
      primaryKey: readerKeys.primary.toString('base64'),
      secondaryKey: readerKeys.secondary.toString('base64'),
      rights: ['EnrollmentRead'],
    },
  ],
  operators: [
    { name: 'administrator', token: adminToken, rights },
    { name: 'viewer', token: 'a-viewers-token', rights: ['RegistrationStatusRead'] },
  ],
});

function sas(keyName: string | undefined, key: Buffer, resource = 'localhost'): string {
  return createSasToken({ resource, key, expiresAt, ...(keyName === undefined ? {} : { keyName }) });
}

function reasonOf(authorization: string | undefined, right: Right = 'EnrollmentRead', at = now): string {
  const verdict = access.authorize(authorization, right, at);
  if (verdict.granted) throw new Error('access was granted');
  return verdict.reason;
}

describe('a role', () => {
  const writing: readonly Right[] = ['ServiceConfig', 'EnrollmentWrite', 'RegistrationStatusWrite', 'AuditWrite'];
  const held = (role: OperatorRole): readonly Right[] => operatorRoles[role].filter((right) => writing.includes(right));

  it('lets an auditor change nothing, an operator move devices, and an administrator everything', () => {
    expect(held('auditor')).toEqual([]);
    expect(held('operator')).toEqual(['RegistrationStatusWrite']);
    expect(operatorRoles.administrator).toEqual(rights);
  });

  it('is never without the reads of one that may do less', () => {
    expect(operatorRoles.operator).toEqual(expect.arrayContaining([...operatorRoles.auditor]));
  });
});

describe('a missing right', () => {
  it('is told to an operator, who is known, and not to a shared access policy', () => {
    expect(access.authorize('Bearer a-viewers-token', 'AuditRead', now)).toMatchObject({ granted: false, missing: 'AuditRead' });
    const token = sas('reader', readerKeys.primary);
    for (let time = 0; time < 2; time++) {
      const verdict = access.authorize(token, 'AuditRead', now);
      expect(verdict.granted).toBe(false);
      expect(verdict).not.toHaveProperty('missing');
    }
    expect(access.authorize('Bearer nothing', 'AuditRead', now)).not.toHaveProperty('missing');
  });
});

describe('a shared access policy', () => {
  it('acts under its own name with the rights it has', () => {
    const token = sas('provisioningserviceowner', ownerKey);
    for (const right of rights) {
      expect(access.authorize(token, right, now)).toEqual({
        granted: true,
        actor: { kind: 'operator', name: 'provisioningserviceowner' },
      });
    }
  });

  it.each(rights.filter((right) => right !== 'EnrollmentRead'))('does not have the right %s when it was not given', (right) => {
    expect(reasonOf(sas('reader', readerKeys.primary), right)).toBe(`"reader" does not have the right ${right}`);
  });

  it('has a secondary key', () => {
    expect(access.authorize(sas('reader', readerKeys.secondary), 'EnrollmentRead', now).granted).toBe(true);
  });

  it.each(['localhost', 'LOCALHOST', 'localhost/', 'localhost:8443', 'dps.example'])('may sign for %s', (resource) => {
    expect(access.authorize(sas('reader', readerKeys.primary, resource), 'EnrollmentRead', now).granted).toBe(true);
  });

  it.each([
    'local',
    'localhost.example',
    'evil-localhost',
    'localhost:port',
    'localhost/enrollments',
    'https://localhost',
    '/localhost',
    'other.example',
  ])('may not sign for %s', (resource) => {
    expect(reasonOf(sas('reader', readerKeys.primary, resource))).toBe('policy "reader": the token is for another resource');
  });

  it('is refused with the key of another policy', () => {
    expect(reasonOf(sas('provisioningserviceowner', readerKeys.primary))).toBe(
      'policy "provisioningserviceowner": the signature fits neither key',
    );
  });

  it.each([
    ['no name', sas(undefined, ownerKey), 'the token names no policy'],
    ['an unknown name', sas('nobody', ownerKey), 'there is no policy "nobody"'],
    ['a name in another case', sas('Reader', readerKeys.primary), 'there is no policy "Reader"'],
    ['an endless name', sas('x'.repeat(500), ownerKey), `there is no policy "${'x'.repeat(64)}"`],
  ])('is refused with %s', (_what, token, reason) => {
    expect(reasonOf(token)).toBe(reason);
  });

  it('is refused once its token has expired, however often it was accepted before', () => {
    const token = sas('reader', readerKeys.primary);
    const justBefore = new Date(expiresAt.getTime() + 299_999);
    expect(access.authorize(token, 'EnrollmentRead', now).granted).toBe(true);
    expect(access.authorize(token, 'EnrollmentRead', justBefore).granted).toBe(true);
    const after = new Date(expiresAt.getTime() + 300_000);
    expect(reasonOf(token, 'EnrollmentRead', after)).toBe('policy "reader": the token expired at 1767229200');
  });

  it('is checked right by right for a token that is remembered', () => {
    const token = sas('reader', readerKeys.primary);
    expect(access.authorize(token, 'EnrollmentRead', now).granted).toBe(true);
    expect(access.authorize(token, 'EnrollmentWrite', now).granted).toBe(false);
  });

  it('still gets in after thousands of other tokens', () => {
    const first = sas('reader', readerKeys.primary);
    for (let second = 0; second < 1500; second++) {
      const later = new Date(expiresAt.getTime() + second * 1000);
      const token = createSasToken({ resource: 'localhost', key: readerKeys.primary, keyName: 'reader', expiresAt: later });
      expect(access.authorize(token, 'EnrollmentRead', now).granted).toBe(true);
    }
    expect(access.authorize(first, 'EnrollmentRead', now).granted).toBe(true);
  });
});

describe('an operator', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'Bearer  '])('is known by the token after "%s"', (scheme) => {
    expect(access.authorize(`${scheme} ${adminToken}`, 'ServiceConfig', now)).toEqual({
      granted: true,
      actor: { kind: 'operator', name: 'administrator' },
    });
  });

  it('has no more rights than were given', () => {
    expect(access.authorize('Bearer a-viewers-token', 'RegistrationStatusRead', now).granted).toBe(true);
    expect(reasonOf('Bearer a-viewers-token', 'EnrollmentRead')).toBe('"viewer" does not have the right EnrollmentRead');
  });

  it.each([`${adminToken}x`, adminToken.slice(0, -1), adminToken.toUpperCase(), ''])('is not known by "%s"', (token) => {
    expect(reasonOf(`Bearer ${token}`)).toBe('the bearer token is unknown');
  });
});

describe('a stranger', () => {
  it.each([
    [undefined, 'no Authorization header'],
    ['', 'no Authorization header'],
    [adminToken, 'the Authorization header is of an unknown scheme'],
    [`Basic ${Buffer.from('administrator:x').toString('base64')}`, 'the Authorization header is of an unknown scheme'],
    ['SharedAccessSignature', 'the token holds characters that no token has'],
    [`Bearer ${'x'.repeat(5000)}`, 'the Authorization header is too long'],
  ])('with header "%s" is refused', (authorization, reason) => {
    expect(reasonOf(authorization)).toBe(reason);
  });

  it('is never let in and never causes an exception, whatever the header', () => {
    const header = fc.tuple(
      fc.constantFrom('', 'Bearer ', 'SharedAccessSignature ', 'SharedAccessSignature sr=localhost&'),
      fc.string(),
    );
    fc.assert(
      fc.property(header, fc.constantFrom(...rights), ([start, rest], right) => {
        expect(access.authorize(start + rest, right, now).granted).toBe(false);
      }),
    );
  });

  it('is told nothing of the tokens by the reasons', () => {
    const token = sas('reader', ownerKey);
    const [, signature = ''] = /sig=([^&]+)/.exec(token) ?? [];
    expect(signature).not.toBe('');
    expect(reasonOf(token)).not.toContain(signature);
    expect(reasonOf('Bearer secret-guess')).not.toContain('secret-guess');
  });
});

describe('a wrong configuration stops the start', () => {
  const options = { hostNames: ['localhost'], policies: [], operators: [] };
  const key = ownerKey.toString('base64');

  it.each([
    ['a key that is no base64', { ...options, policies: [{ name: 'p', primaryKey: 'not base64!', rights }] }],
    ['a short secondary key', { ...options, policies: [{ name: 'p', primaryKey: key, secondaryKey: 'AAAA', rights }] }],
    ['an empty token', { ...options, operators: [{ name: 'o', token: '', rights }] }],
    [
      'a policy named twice',
      {
        ...options,
        policies: [
          { name: 'p', primaryKey: key, rights },
          { name: 'p', primaryKey: key, rights },
        ],
      },
    ],
    [
      'an operator named twice',
      {
        ...options,
        operators: [
          { name: 'o', token: 'one', rights },
          { name: 'o', token: 'two', rights },
        ],
      },
    ],
  ])('%s, without showing secrets', (_what, wrong) => {
    const build = (): PolicyAccessControl => new PolicyAccessControl(wrong);
    expect(build).toThrow(/policy|policies|operator/);
    expect(build).not.toThrow(/not base64!|AAAA/);
  });
});
