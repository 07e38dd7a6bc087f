import { randomBytes } from 'node:crypto';
import { SasToken, createSasToken, parseSasToken } from '@app/attestation';
import { SecretBox } from '@app/platform/secret-box';
import { SoftwareTpm } from '@test/support/software-tpm';
import { TPM_CHALLENGE_WINDOW_MS, TpmKeys } from './tpm-keys';

const secret = randomBytes(32);
const keys = new TpmKeys(new SecretBox(secret), '0ne00000001');
const tpm = new SoftwareTpm();
const { endorsementKey, storageRootKey } = tpm;
/** The end of a window but for one second. */
const late = new Date(Date.parse('2026-01-01T12:59:59Z'));

function keyOf(challenge: Buffer): Buffer {
  return tpm.activate(challenge).key;
}

function tokenBy(key: Buffer): SasToken {
  const result = parseSasToken(createSasToken({ resource: 'any', key, expiresAt: new Date(late.getTime() + 3_600_000) }));
  if (!result.parsed) throw new Error(result.reason);
  return result.token;
}

const token = tokenBy(keyOf(keys.challenge('dev-1', { endorsementKey, storageRootKey }, late)));
const at = (afterMs: number): Date => new Date(late.getTime() + afterMs);

describe('the key of a challenge', () => {
  it('is known to every process of the instance', () => {
    expect(new TpmKeys(new SecretBox(secret), '0ne00000001').hasSigned(token, 'dev-1', endorsementKey, late)).toBe(true);
  });

  it('is for the device whatever the case of its id', () => {
    expect(keys.hasSigned(token, 'DEV-1', endorsementKey, late)).toBe(true);
  });

  it.each([
    ['another device', 'dev-2', endorsementKey, keys],
    ['another TPM', 'dev-1', new SoftwareTpm().endorsementKey, keys],
    ['another instance', 'dev-1', endorsementKey, new TpmKeys(new SecretBox(randomBytes(32)), '0ne00000001')],
  ])('is not for %s', (_whom, registrationId, ek, verifier) => {
    expect(verifier.hasSigned(token, registrationId, ek, late)).toBe(false);
  });

  it.each([
    ['for at least the hour that clients make tokens for', TPM_CHALLENGE_WINDOW_MS, true],
    ['not beyond the window after its own', TPM_CHALLENGE_WINDOW_MS + 1_000, false],
  ])('holds %s', (_what, afterMs, holds) => {
    expect(keys.hasSigned(token, 'dev-1', endorsementKey, at(afterMs))).toBe(holds);
  });

  it('holds where the clock is a little behind, and not where it is far behind', () => {
    const early = new Date(Date.parse('2026-01-01T12:00:01Z'));
    const signed = tokenBy(keyOf(keys.challenge('dev-1', { endorsementKey, storageRootKey }, early)));
    const verifiedAt = (time: string): boolean => keys.hasSigned(signed, 'dev-1', endorsementKey, new Date(Date.parse(time)));
    expect(verifiedAt('2026-01-01T11:56:00Z')).toBe(true);
    expect(verifiedAt('2026-01-01T11:50:00Z')).toBe(false);
  });
});

describe('the key for a hub', () => {
  const assigned = {
    status: 'assigned',
    operationId: '5.1.a',
    registrationId: 'dev-1',
    startedAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    hub: 'hub-a.localhost',
    deviceId: 'dev-1',
    substatus: 'initialAssignment',
    enrollment: { kind: 'individual', id: 'dev-1', revision: '0' },
    attestationType: 'tpm',
    x509: null,
    tpm: { endorsementKey, storageRootKey },
    returnedPayload: null,
  } as const;

  it('is what the blob of the assigned device holds', () => {
    const blob = Buffer.from(keys.hubKeyBlob(assigned) ?? '', 'base64');
    expect(keyOf(blob).toString('base64')).toBe(keys.hubKey('5.1.a'));
  });

  it('is another one for each operation and not the key of a challenge', () => {
    expect(keys.hubKey('5.1.b')).not.toBe(keys.hubKey('5.1.a'));
    expect(keys.hasSigned(tokenBy(Buffer.from(keys.hubKey('5.1.a'), 'base64')), 'dev-1', endorsementKey, late)).toBe(false);
  });

  it('is given to nobody else', () => {
    expect(keys.hubKeyBlob({ ...assigned, attestationType: 'symmetricKey', tpm: null })).toBeUndefined();
    expect(keys.hubKeyBlob({ status: 'unassigned' })).toBeUndefined();
  });
});

it('refuses to hand a key to storage that is not the inside of a TPM', () => {
  const loose = { endorsementKey, storageRootKey: new SoftwareTpm(0x00030440).storageRootKey };
  expect(() => keys.challenge('dev-1', loose, late)).toThrow('Unauthorized');
  expect(() => keys.challenge('dev-1', { endorsementKey, storageRootKey: '' }, late)).toThrow('Unauthorized');
});
