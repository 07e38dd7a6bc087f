import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SecretBox, SecretUnreadable } from './secret-box';

describe('SecretBox', () => {
  const box = new SecretBox(randomBytes(32));

  it('opens what it sealed, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (plain) => {
        const secret = box.seal(plain);
        expect(box.open(secret)).toBe(plain);
        expect(box.open(secret)).toBe(plain);
      }),
    );
  });

  it('seals the same text differently every time, with the same fingerprint', () => {
    const [first, second] = [box.seal('a key'), box.seal('a key')];
    expect(first.sealed).not.toBe(second.sealed);
    expect(first.fingerprint).toBe(second.fingerprint);
    expect(first.fingerprint).not.toBe(box.seal('another key').fingerprint);
  });

  it('shows nothing of the text', () => {
    const secret = box.seal('a very secret key');
    expect(JSON.stringify(secret)).not.toContain('secret key');
    expect(Buffer.from(secret.sealed.split('.')[2] ?? '', 'base64url').includes('secret')).toBe(false);
    expect(secret.sealed).toMatch(/^v1\.[0-9a-f]{12}\.[\w-]+$/);
  });

  it('says that the key is another one', () => {
    const other = new SecretBox(randomBytes(32));
    expect(() => other.open(box.seal('a key'))).toThrow(/was sealed with key [0-9a-f]{12}, but the configured key is/);
    expect(other.seal('a key').fingerprint).not.toBe(box.seal('a key').fingerprint);
  });

  it('refuses what was tampered with at any place', () => {
    const { sealed } = box.seal('a key');
    const start = sealed.lastIndexOf('.') + 1;
    const bytes = Buffer.from(sealed.slice(start), 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      const forged = Buffer.from(bytes);
      forged.writeUInt8((bytes[i] ?? 0) ^ 1, i);
      expect(() => box.open({ sealed: sealed.slice(0, start) + forged.toString('base64url') })).toThrow(SecretUnreadable);
    }
  });

  it.each(['', 'v1', 'v2.aa.bb', 'v1.aa.bb.cc'])('refuses %p, which it never wrote', (sealed) => {
    expect(() => box.open({ sealed })).toThrow(SecretUnreadable);
  });

  it('refuses a text cut short', () => {
    const { sealed } = box.seal('a key');
    expect(() => box.open({ sealed: sealed.slice(0, 30) })).toThrow('cut short');
  });

  it('derives keys that are the same for the same purpose and context only', () => {
    const key = box.deriveKey('purpose', 'a', 'b');
    expect(key).toHaveLength(32);
    expect(box.deriveKey('purpose', 'a', 'b').equals(key)).toBe(true);
    const others = [box.deriveKey('purpose', 'ab'), box.deriveKey('other', 'a', 'b'), box.deriveKey('purpose', 'a","b')];
    others.push(new SecretBox(randomBytes(32)).deriveKey('purpose', 'a', 'b'));
    for (const other of others) expect(other.equals(key)).toBe(false);
  });

  it('needs a key of 32 bytes', () => {
    expect(() => new SecretBox(randomBytes(16))).toThrow('16 bytes, not 32');
  });
});
