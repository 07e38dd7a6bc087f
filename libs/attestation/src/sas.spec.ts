import fc from 'fast-check';
import { createSasToken, hmacOf, KeyPair, parseSasToken, SAS_TOKEN_CHARACTERS_MAX, SasVerdict, verifySasToken } from './sas';

const now = new Date('2026-01-01T00:00:00Z');
const inAnHour = new Date('2026-01-01T01:00:00Z');
const primary = Buffer.from('0123456789abcdef0123456789abcdef');
const secondary = Buffer.from('fedcba9876543210fedcba9876543210');
const resource = '0ne00000001/registrations/dev-1';

function verify(text: string, keys: KeyPair = { primary, secondary }, at = now): SasVerdict {
  const result = parseSasToken(text);
  if (!result.parsed) return { valid: false, reason: result.reason };
  return verifySasToken({ token: result.token, covers: (covered) => covered === resource, keys, now: at });
}

/** A token that signs `sr` exactly as it is written here. */
function tokenOver(sr: string, se = String(inAnHour.getTime() / 1000), key = primary): string {
  const sig = encodeURIComponent(hmacOf(key, sr, se).toString('base64'));
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}&skn=registration`;
}

function fieldsOf(text: string): string[] {
  return text.slice('SharedAccessSignature '.length).split('&');
}

function reasonOf(text: string): string {
  const result = parseSasToken(text);
  if (result.parsed) throw new Error('the token was parsed');
  return result.reason;
}

describe('a SAS token is accepted', () => {
  it.each([
    ['raw, as Node writes it', resource],
    ['encoded in upper case', '0ne00000001%2Fregistrations%2Fdev-1'],
    ['encoded in lower case', '0ne00000001%2fregistrations%2fdev-1'],
    ['encoded where nothing needs it', '%30ne00000001/registrations%2Fdev%2D1'],
  ])('when sr is signed as it is sent: %s', (_how, sr) => {
    expect(verify(tokenOver(sr))).toEqual({ valid: true, key: 'primary', expiresAtMs: inAnHour.getTime() });
  });

  it('with its fields in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(fieldsOf(tokenOver(resource)), { minLength: 4 }), (fields) => {
        expect(verify(`SharedAccessSignature ${fields.join('&')}`).valid).toBe(true);
      }),
    );
  });

  it('whatever the case of the scheme and the spaces around', () => {
    expect(verify(`sharedaccesssignature   ${fieldsOf(tokenOver(resource)).join('&')} `).valid).toBe(true);
  });

  it('with sig sent as plain base64', () => {
    const se = String(inAnHour.getTime() / 1000);
    const sig = hmacOf(primary, resource, se).toString('base64');
    expect(verify(`SharedAccessSignature sr=${resource}&sig=${sig}&se=${se}`).valid).toBe(true);
  });

  it('by the secondary key when the primary does not fit', () => {
    expect(verify(tokenOver(resource, undefined, secondary))).toMatchObject({ valid: true, key: 'secondary' });
  });

  it('until five minutes after its expiry and not a moment longer', () => {
    const text = tokenOver(resource);
    expect(verify(text, undefined, new Date(inAnHour.getTime() + 299_999)).valid).toBe(true);
    expect(verify(text, undefined, new Date(inAnHour.getTime() + 300_000))).toEqual({
      valid: false,
      reason: `the token expired at ${inAnHour.getTime() / 1000}`,
    });
  });
});

describe('a SAS token is refused', () => {
  it.each([
    ['is empty', '', 'not a SharedAccessSignature'],
    ['has another scheme', `Bearer ${fieldsOf(tokenOver(resource)).join('&')}`, 'not a SharedAccessSignature'],
    ['has no fields', 'SharedAccessSignature ', 'the token holds characters that no token has'],
    ['has no sr', 'SharedAccessSignature sig=a&se=1', 'the token holds no sr'],
    ['has an empty sr', 'SharedAccessSignature sr=&sig=a&se=1', 'the token holds no sr'],
    ['has no sig', 'SharedAccessSignature sr=a&se=1', 'the token holds no sig'],
    ['has no se', `SharedAccessSignature sr=a&sig=${'A'.repeat(43)}=`, 'the token holds no se in Unix seconds'],
    ['expires at no number', tokenOver(resource, 'never'), 'the token holds no se in Unix seconds'],
    ['expires at a fraction', tokenOver(resource, '1767229200.5'), 'the token holds no se in Unix seconds'],
    ['expires before time', tokenOver(resource, '-1'), 'the token holds no se in Unix seconds'],
    ['expires in an absurd year', tokenOver(resource, '999999999999'), 'the token holds no se in Unix seconds'],
    ['names a field twice', `${tokenOver(resource)}&sr=${resource}`, 'the token holds sr twice'],
    ['names an empty field twice', 'SharedAccessSignature sr=&sr=a&sig=b', 'the token holds sr twice'],
    ['names an unknown field', 'SharedAccessSignature sr=a&sig=b&se=1&exp=2', 'the token holds a field that no token has'],
    ['names a field of every object', 'SharedAccessSignature __proto__=1', 'the token holds a field that no token has'],
    ['has a field without a value', 'SharedAccessSignature sr', 'the token holds a field that no token has'],
    ['ends in a separator', `${tokenOver(resource)}&`, 'the token holds a field that no token has'],
    ['has a badly encoded sr', tokenOver('dev%zz'), 'sr is badly encoded'],
    ['has a badly encoded skn', `${tokenOver(resource)}%`, 'skn is badly encoded'],
    ['has a short sig', 'SharedAccessSignature sr=a&sig=AAAA&se=1', 'sig is not the base64 of 32 bytes'],
    ['has a sig that is no base64', `SharedAccessSignature sr=a&sig=${'*'.repeat(44)}&se=1`, 'sig is not the base64 of 32 bytes'],
    ['holds a line break', `${tokenOver(resource)}\n`.replace('&se', '\n&se'), 'the token holds characters that no token has'],
    ['is longer than 4 KB', tokenOver('a'.repeat(SAS_TOKEN_CHARACTERS_MAX)), 'the token is too long'],
  ])('when it %s', (_what, text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it('when it is for another resource', () => {
    expect(verify(tokenOver('0ne00000001/registrations/dev-2'))).toEqual({
      valid: false,
      reason: 'the token is for another resource',
    });
  });

  it('when neither key signed it', () => {
    const other = Buffer.from('another key of another enrollment');
    expect(verify(tokenOver(resource, undefined, other))).toEqual({ valid: false, reason: 'the signature fits neither key' });
  });

  it('by the secondary key when there is none', () => {
    expect(verify(tokenOver(resource, undefined, secondary), { primary }).valid).toBe(false);
  });

  it('when a decoded sr was signed but an encoded one is sent', () => {
    const signed = tokenOver(resource);
    expect(verify(signed.replace(resource, encodeURIComponent(resource))).valid).toBe(false);
  });

  it('when any one character of sr, se or sig is another', () => {
    const text = tokenOver(resource);
    const changeable = text.slice(0, text.indexOf('&skn'));
    fc.assert(
      fc.property(
        fc.nat({ max: changeable.length - 1 }),
        fc.constantFrom('0', '7', 'a', 'Z', '%', '&', '='),
        (index, character) => {
          // Letters of the scheme's name are free in their case, the same character is no change, and `%2f` decodes as `%2F` does.
          fc.pre(index >= 'SharedAccessSignature '.length && text.charAt(index).toLowerCase() !== character.toLowerCase());
          expect(verify(text.slice(0, index) + character + text.slice(index + 1)).valid).toBe(false);
        },
      ),
    );
  });

  it('never with an exception, whatever the header', () => {
    const pieces = fc.constantFrom(
      'SharedAccessSignature ',
      'sr=',
      'sig=',
      'se=',
      '&',
      '%',
      '%2F',
      '=',
      ' ',
      '\u0000',
      '€',
      'a',
      '1',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(verify(text).valid).toBe(false);
        },
      ),
    );
  });
});

describe('createSasToken', () => {
  it('makes tokens that verify, for any resource and key name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.option(fc.string()), (named, keyName) => {
        const expiry = { key: primary, expiresAt: inAnHour, resource: named };
        const result = parseSasToken(createSasToken(keyName === null ? expiry : { ...expiry, keyName }));
        if (!result.parsed) throw new Error(result.reason);
        expect(result.token.keyName).toBe(keyName ?? '');
        const covers = (covered: string): boolean => covered === named;
        expect(verifySasToken({ token: result.token, covers, keys: { primary }, now }).valid).toBe(true);
      }),
    );
  });

  it('writes what a hub expects for a host name', () => {
    const token = createSasToken({ resource: 'hub-a.localhost', key: primary, keyName: 'iothubowner', expiresAt: inAnHour });
    expect(token).toMatch(/^SharedAccessSignature sr=hub-a\.localhost&sig=[A-Za-z0-9%]+&se=1767229200&skn=iothubowner$/);
  });
});
