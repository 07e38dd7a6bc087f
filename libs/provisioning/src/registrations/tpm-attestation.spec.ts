import { randomBytes, randomUUID } from 'node:crypto';
import { createSasToken } from '@app/attestation';
import { InMemoryEventStore } from '@app/event-sourcing';
import { SecretBox } from '@app/platform/secret-box';
import { SoftwareTpm } from '@test/support/software-tpm';
import { Attestation, enrollmentCodec, individualEnrollmentStream } from '../enrollments/enrollment.events';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { AttestationRefused } from './attestation-refused';
import { entry, instantOf } from './testing/commands';
import { TpmAttestation, TpmDevice, TpmEnrollment } from './tpm-attestation';
import { TpmChallenge } from './tpm-challenge';
import { TpmKeys } from './tpm-keys';

const idScope = '0ne00000001';
const now = new Date('2026-01-01T12:00:00Z');
const tpm = new SoftwareTpm();
const [endorsementKey, storageRootKey] = [Buffer.from(tpm.endorsementKey, 'base64'), Buffer.from(tpm.storageRootKey, 'base64')];
const enrolled: TpmEnrollment = { type: 'tpm', endorsementKey: tpm.endorsementKey, storageRootKey: null };
const device = { idScope, registrationId: 'dev-1', endorsementKey, storageRootKey };

const refusals: string[] = [];
beforeEach(() => refusals.splice(0));

async function attestationOf(attestation: Attestation): Promise<{ service: TpmAttestation; enrollments: EnrollmentReader }> {
  const store = new InMemoryEventStore();
  const created = { type: 'EnrollmentCreated', data: { entry: entry({ attestation }), at: instantOf(0) } } as const;
  const metadata = { actor: { kind: 'operator', name: 'ann' }, correlationId: 'c', causationId: 'c' } as const;
  await store.append(individualEnrollmentStream('dev-1'), 'none', [enrollmentCodec.encode(created, randomUUID(), metadata)]);
  const enrollments = new EnrollmentReader(store);
  const keys = new TpmKeys(new SecretBox(randomBytes(32)), idScope);
  const onRefused = (_: unknown, { check }: AttestationRefused): void => void refusals.push(check);
  return { enrollments, service: new TpmAttestation({ enrollments, keys, idScope, clock: () => now, onRefused }) };
}

describe('a challenge in a handshake', () => {
  it('lets the device attest with the key in it, whatever the case of scope and id', async () => {
    const { service, enrollments } = await attestationOf(enrolled);
    const blob = await service.challenge({ ...device, idScope: idScope.toUpperCase(), registrationId: 'DEV-1' });
    expect(await attest(service, enrollments, tpm.activate(blob).key, 'amqp')).toMatchObject({
      key: null,
      x509: null,
      tpm: { endorsementKey: tpm.endorsementKey, storageRootKey: tpm.storageRootKey },
    });
  });

  it.each([
    ['of another scope', { idScope: '0ne00000002' }, 401002, 'id-scope'],
    ['that nobody enrolled', { registrationId: 'dev-2' }, 404201, 'no-enrollment'],
    ['with another TPM', { endorsementKey: Buffer.from(new SoftwareTpm().endorsementKey, 'base64') }, 401002, 'tpm'],
    ['with storage that is none', { storageRootKey: Buffer.from('00', 'hex') }, 401002, 'tpm'],
  ])('is not for a device %s; operators are told', async (_what, change, errorCode, check) => {
    const { service } = await attestationOf(enrolled);
    await expect(service.challenge({ ...device, ...change })).rejects.toMatchObject({ errorCode, check });
    expect(refusals).toEqual([check]);
  });

  it('is not for a device that attests otherwise', async () => {
    const sealed = { sealed: 'v1.sealed', fingerprint: 'f' };
    const { service } = await attestationOf({ type: 'symmetricKey', primaryKey: sealed, secondaryKey: sealed });
    await expect(service.challenge(device)).rejects.toMatchObject({ errorCode: 401002, check: 'attestation-type' });
  });
});

describe('attestation by TPM', () => {
  it('begins with a challenge where there is no token', async () => {
    const { service, enrollments } = await attestationOf(enrolled);
    await expect(attest(service, enrollments, undefined, 'https')).rejects.toBeInstanceOf(TpmChallenge);
  });

  it('does not exist over MQTT, not even with a good token', async () => {
    const { service, enrollments } = await attestationOf(enrolled);
    const { key } = tpm.activate(await service.challenge(device));
    await expect(attest(service, enrollments, key, 'mqtt')).rejects.toMatchObject({ errorCode: 401002, check: 'tpm' });
  });

  it('takes an endorsement key in any spelling of its base64', async () => {
    const unpadded = { ...enrolled, endorsementKey: tpm.endorsementKey.replace(/=+$/, '') };
    const { service, enrollments } = await attestationOf(unpadded);
    const { key } = tpm.activate(await service.challenge(device));
    expect((await attest(service, enrollments, key, 'https')).tpm?.endorsementKey).toBe(tpm.endorsementKey);
  });
});

async function attest(
  service: TpmAttestation,
  enrollments: EnrollmentReader,
  key: Buffer | undefined,
  transport: 'https' | 'mqtt' | 'amqp',
): Promise<TpmDevice> {
  const enrollment = await enrollments.find('individual', 'dev-1');
  if (enrollment?.entry.attestation.type !== 'tpm') throw new Error('the device is not enrolled with a TPM');
  const resource = `${idScope}/registrations/dev-1`;
  const expiresAt = new Date(now.getTime() + 3_600_000);
  const authorization = key === undefined ? undefined : createSasToken({ resource, key, keyName: 'registration', expiresAt });
  const presented = { authorization, certificates: [], tpm: { endorsementKey, storageRootKey } };
  return service.attest(enrollment, enrollment.entry.attestation, {
    registrationId: 'dev-1',
    presented,
    client: { transport },
  });
}
