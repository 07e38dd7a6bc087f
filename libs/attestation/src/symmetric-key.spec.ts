import fc from 'fast-check';
import { createSasToken, hmacOf, KeyPair } from './sas';
import {
  decodeSymmetricKey,
  deriveDeviceKey,
  generateSymmetricKey,
  readDeviceToken,
  matchGroupKeys,
  verifyDeviceToken,
} from './symmetric-key';

const now = new Date('2026-01-01T00:00:00Z');
const expiresAt = new Date('2026-01-01T01:00:00Z');
const idScope = '0neA1B2C3D4';
const primary = Buffer.from('0123456789abcdef0123456789abcdef');
const secondary = Buffer.from('fedcba9876543210fedcba9876543210');
const keys: KeyPair = { primary, secondary };

function deviceToken(key: Buffer, registrationId: string, keyName = 'registration'): string {
  return createSasToken({ resource: `${idScope}/registrations/${registrationId}`, key, keyName, expiresAt });
}

describe('deriveDeviceKey', () => {
  it('gives the documented key', () => {
    const groupKey = Buffer.from(
      '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==',
      'base64',
    );
    const deviceKey = deriveDeviceKey(groupKey, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6');
    expect(deviceKey.toString('base64')).toBe('Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=');
  });

  it('gives another key for another spelling of the same id', () => {
    expect(deriveDeviceKey(primary, 'Dev-1').equals(deriveDeviceKey(primary, 'dev-1'))).toBe(false);
  });
});

describe('decodeSymmetricKey', () => {
  it('takes every key of 16 to 64 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (bytes) => {
        expect(decodeSymmetricKey(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['15 bytes', Buffer.alloc(15).toString('base64')],
    ['65 bytes', Buffer.alloc(65).toString('base64')],
    ['a megabyte', 'A'.repeat(1_000_000)],
    ['missing padding', Buffer.alloc(16).toString('base64').replaceAll('=', '')],
    ['padding in the middle', `AA==${'A'.repeat(20)}`],
    ['base64url', '_'.repeat(24)],
    ['a line break', `${'A'.repeat(24)}\n`],
    ['text', 'not a key but a sentence in English'],
  ])('refuses %s', (_what, text) => {
    expect(decodeSymmetricKey(text)).toBeUndefined();
  });

  it('takes what generateSymmetricKey makes, 64 bytes each time anew', () => {
    expect(decodeSymmetricKey(generateSymmetricKey())).toHaveLength(64);
    expect(generateSymmetricKey()).not.toBe(generateSymmetricKey());
  });
});

describe('a device of an individual enrollment', () => {
  const verify = (authorization: string | undefined, registrationId = 'dev-1', scope = idScope) =>
    verifyDeviceToken({ authorization, kind: 'individual', keys, idScope: scope, registrationId, now });

  it('is known by its primary or its secondary key', () => {
    expect(verify(deviceToken(primary, 'dev-1'))).toMatchObject({ valid: true, key: 'primary' });
    expect(verify(deviceToken(secondary, 'dev-1'))).toMatchObject({ valid: true, key: 'secondary' });
  });

  it('may write scope and id in any case', () => {
    expect(verify(deviceToken(primary, 'DEV-1'), 'Dev-1', idScope.toUpperCase()).valid).toBe(true);
  });

  it('may leave out the name of the key', () => {
    expect(verify(deviceToken(primary, 'dev-1', '')).valid).toBe(true);
  });

  it('may have an id with a colon, raw as Node sends it', () => {
    const sr = `${idScope}/registrations/a:b`;
    const se = String(expiresAt.getTime() / 1000);
    const sig = encodeURIComponent(hmacOf(primary, sr, se).toString('base64'));
    expect(verify(`SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}&skn=registration`, 'a:b').valid).toBe(true);
  });

  it.each([
    ['nothing', undefined, 'no Authorization header'],
    ['a bearer token', 'Bearer abc', 'not a SharedAccessSignature'],
    ["another device's token", deviceToken(primary, 'dev-2'), 'the token is for another scope or registration id'],
    [
      "another scope's token",
      createSasToken({ resource: '0neFFFFFFFF/registrations/dev-1', key: primary, keyName: 'registration', expiresAt }),
      'the token is for another scope or registration id',
    ],
    [
      'a token for more than itself',
      createSasToken({ resource: idScope, key: primary, expiresAt }),
      'the token is for another scope or registration id',
    ],
    ["an operator's key name", deviceToken(primary, 'dev-1', 'owner'), 'the token names another key than "registration"'],
    ['an unknown key', deviceToken(Buffer.alloc(32), 'dev-1'), 'the signature fits neither key of the individual enrollment'],
  ])('is refused with %s', (_what, authorization, reason) => {
    expect(verify(authorization)).toEqual({ valid: false, reason });
  });

  it('is refused with an expired token', () => {
    const later = new Date(expiresAt.getTime() + 300_000);
    const reading = readDeviceToken(deviceToken(primary, 'dev-1'), { idScope, registrationId: 'dev-1', now: later });
    expect(reading).toEqual({ readable: false, reason: 'the token expired at 1767229200' });
  });
});

describe('a device of a group', () => {
  const verify = (authorization: string, registrationId: string) =>
    verifyDeviceToken({ authorization, kind: 'group', keys, idScope, registrationId, now });

  it('is known by the key derived from either key of the group, for any id', () => {
    const id = fc.stringMatching(/^[a-z0-9][a-zA-Z0-9._:-]{0,126}$/);
    fc.assert(
      fc.property(id, (registrationId) => {
        const signedBy = (groupKey: Buffer) => deviceToken(deriveDeviceKey(groupKey, registrationId), registrationId);
        expect(verify(signedBy(primary), registrationId)).toMatchObject({ valid: true, key: 'primary' });
        expect(verify(signedBy(secondary), registrationId)).toMatchObject({ valid: true, key: 'secondary' });
      }),
    );
  });

  it("is not known by the group's key itself", () => {
    expect(verify(deviceToken(primary, 'dev-1'), 'dev-1').valid).toBe(false);
  });

  it("is not known by a sister's key", () => {
    expect(verify(deviceToken(deriveDeviceKey(primary, 'dev-2'), 'dev-1'), 'dev-1').valid).toBe(false);
  });

  it('derives from the id as the device presents it', () => {
    const token = deviceToken(deriveDeviceKey(primary, 'Dev-1'), 'Dev-1');
    expect(verify(token, 'Dev-1').valid).toBe(true);
    expect(verify(token, 'dev-1').valid).toBe(false);
  });

  it('is looked for in many groups with one reading of its token', () => {
    const reading = readDeviceToken(deviceToken(deriveDeviceKey(secondary, 'dev-1'), 'dev-1'), {
      idScope,
      registrationId: 'dev-1',
      now,
    });
    if (!reading.readable) throw new Error(reading.reason);
    const groups: KeyPair[] = [{ primary: Buffer.alloc(32, 1) }, { primary: Buffer.alloc(32, 2), secondary: primary }, keys];
    expect(groups.map((group) => matchGroupKeys(reading.token, group, 'dev-1'))).toEqual([undefined, undefined, 'secondary']);
  });
});
