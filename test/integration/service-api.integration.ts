import { randomBytes, randomUUID } from 'node:crypto';
import type { IndividualEnrollment } from 'azure-iot-provisioning-service/dist/interfaces';
import { RegistrationStore } from '@app/provisioning/registrations/registration.store';
import { register } from '@app/provisioning/registrations/testing/commands';
import { ServiceApi, startServiceApi } from '@test/support/service-api';
import { refusal, storedText } from '@test/support/service-api-checks';

const newKey = () => randomBytes(36).toString('base64');
const individual = (registrationId: string, rest: object = {}) =>
  ({ registrationId, attestation: { type: 'symmetricKey' }, ...rest }) as IndividualEnrollment;

describe('individual enrollments through the unmodified SDK client', () => {
  let api: ServiceApi;
  beforeAll(async () => (api = await startServiceApi()));
  afterAll(() => api.close());

  it('are created with generated keys, which the answer shows once and GET never', async () => {
    const client = api.client();
    const { responseBody: created } = await client.createOrUpdateIndividualEnrollment(individual('Generated-1'));
    const keys = created.attestation.symmetricKey;
    expect(Buffer.from(keys?.primaryKey ?? '', 'base64')).toHaveLength(64);
    expect(Buffer.from(keys?.secondaryKey ?? '', 'base64')).toHaveLength(64);
    expect(created.etag).toMatch(/^"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"$/);

    const { responseBody: read } = await client.getIndividualEnrollment('generated-1');
    expect(read).toEqual({ ...created, attestation: { type: 'symmetricKey', symmetricKey: {} } });
    expect(read.registrationId).toBe('Generated-1');
    const { responseBody: mechanism } = await client.getIndividualEnrollmentAttestationMechanism('generated-1');
    expect(mechanism).toEqual({ type: 'symmetricKey', symmetricKey: keys });
    expect(await storedText(api.store)).not.toContain(keys?.primaryKey);
  });

  it('keep every member that was sent', async () => {
    const client = api.client();
    const sent = {
      deviceId: 'Device_$1',
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: newKey(), secondaryKey: newKey() } },
      capabilities: { iotEdge: true },
      iotHubHostName: 'hub-a.localhost',
      initialTwin: { tags: { site: 'ünïcödé' }, properties: { desired: { nested: { list: [1, 'two', null] } } } },
      provisioningStatus: 'disabled',
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
      allocationPolicy: 'custom',
      iotHubs: ['hub-a.localhost', 'unknown.example'],
      customAllocationDefinition: { webhookUrl: 'https://web.hook', apiVersion: '2019-03-31' },
      optionalDeviceInformation: { serial: 7 },
    };
    const { responseBody: created } = await client.createOrUpdateIndividualEnrollment(individual('full-1', sent));
    expect(created).toMatchObject(sent);
    const { responseBody: read } = await client.getIndividualEnrollment('full-1');
    expect(read).toMatchObject({ ...sent, attestation: { type: 'symmetricKey', symmetricKey: {} } });
    expect(read.attestation.symmetricKey).toEqual({});
    expect(await storedText(api.store)).not.toContain(sent.attestation.symmetricKey.primaryKey);
  });

  it('keep their keys when what a GET gave is put back, and leave an absent policy absent', async () => {
    const client = api.client();
    const primaryKey = newKey();
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey: newKey() } };
    await client.createOrUpdateIndividualEnrollment(individual('kept-1', { attestation }));
    const { responseBody: read } = await client.getIndividualEnrollment('kept-1');
    const { responseBody: updated } = await client.createOrUpdateIndividualEnrollment({ ...read, iotHubs: ['hub-b.localhost'] });
    expect(updated).toMatchObject({ iotHubs: ['hub-b.localhost'], attestation });
    expect(updated.etag).not.toBe(read.etag);
    expect(updated).not.toHaveProperty('reprovisionPolicy');
    const { responseBody: mechanism } = await client.getIndividualEnrollmentAttestationMechanism('kept-1');
    expect(mechanism.symmetricKey?.primaryKey).toBe(primaryKey);
  });

  it('change nothing when the same document comes twice', async () => {
    const client = api.client();
    const sent = individual('twice-1', {
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: newKey(), secondaryKey: newKey() } },
    });
    const { responseBody: first } = await client.createOrUpdateIndividualEnrollment(sent);
    const head = await api.store.headPosition();
    const { responseBody: second } = await client.createOrUpdateIndividualEnrollment(sent);
    expect(second).toEqual(first);
    const update = { ...first, iotHubs: ['hub-a.localhost'] };
    const { responseBody: third } = await client.createOrUpdateIndividualEnrollment(update);
    expect((await client.createOrUpdateIndividualEnrollment(update)).responseBody).toEqual(third);
    expect(await api.store.headPosition()).toBe(String(BigInt(head) + 1n));
  });

  it('refuse a change that is based on an old ETag', async () => {
    const client = api.client();
    const { responseBody: first } = await client.createOrUpdateIndividualEnrollment(individual('etag-1'));
    await client.createOrUpdateIndividualEnrollment({ ...first, provisioningStatus: 'disabled' });
    const stale = { ...first, iotHubs: ['hub-a.localhost'] };
    expect(await refusal(client.createOrUpdateIndividualEnrollment(stale))).toMatchObject({
      name: 'InvalidEtagError',
      status: 412,
      errorCode: 412001,
    });
    expect(await refusal(client.deleteIndividualEnrollment('etag-1', first.etag))).toMatchObject({ status: 412 });
    expect(await refusal(client.deleteIndividualEnrollment('etag-1', 'abc'))).toMatchObject({ status: 412 });
    expect(await refusal(client.createOrUpdateIndividualEnrollment(individual('etag-none', { etag: '*' })))).toMatchObject({
      status: 412,
    });
    expect((await client.getIndividualEnrollment('etag-1')).responseBody).toMatchObject({ provisioningStatus: 'disabled' });
  });

  it('are gone after a deletion, and start anew', async () => {
    const client = api.client();
    const { responseBody: first } = await client.createOrUpdateIndividualEnrollment(individual('gone-1'));
    await client.deleteIndividualEnrollment(first);
    expect(await refusal(client.getIndividualEnrollment('gone-1'))).toMatchObject({ status: 404, errorCode: 404201 });
    expect(await refusal(client.deleteIndividualEnrollment('gone-1'))).toMatchObject({ status: 404 });
    expect(await refusal(client.getIndividualEnrollmentAttestationMechanism('gone-1'))).toMatchObject({ status: 404 });
    const { responseBody: again } = await client.createOrUpdateIndividualEnrollment(individual('gone-1'));
    expect(again.etag).not.toBe(first.etag);
    expect(again.attestation.symmetricKey?.primaryKey).not.toBe(first.attestation.symmetricKey?.primaryKey);
  });

  it('attest by X.509: the certificate goes in, its description comes out', async () => {
    const client = api.client();
    const { leaf } = api.certificates;
    const attestation = { type: 'x509', x509: { clientCertificates: { primary: { certificate: leaf } } } };
    const { responseBody: created } = await client.createOrUpdateIndividualEnrollment(individual('x509-1', { attestation }));
    const { responseBody: read } = await client.getIndividualEnrollment('x509-1');
    expect(read).toEqual(created);
    expect(read.attestation.x509?.clientCertificates?.primary).toEqual({
      info: expect.objectContaining({ subjectName: expect.stringContaining('CN=') as string, version: 3 }) as object,
    });
    const { responseBody: updated } = await client.createOrUpdateIndividualEnrollment({
      ...read,
      provisioningStatus: 'disabled',
    });
    expect(updated).toMatchObject({ provisioningStatus: 'disabled', attestation: read.attestation });
    const { responseBody: mechanism } = await client.getIndividualEnrollmentAttestationMechanism('x509-1');
    expect(mechanism.x509?.clientCertificates?.primary.certificate).toBe(leaf);
    const switched = client.createOrUpdateIndividualEnrollment(individual('x509-1'));
    expect(await refusal(switched)).toMatchObject({ status: 400, errorCode: 400004 });
  });

  it('attest by TPM', async () => {
    const client = api.client();
    const attestation = {
      type: 'tpm',
      tpm: { endorsementKey: 'AToAAQALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S124GUgtk8qHaGzMUaaoABgCAAEMAEAgA' },
    };
    await client.createOrUpdateIndividualEnrollment(individual('tpm-1', { attestation }));
    const { responseBody: read } = await client.getIndividualEnrollment('tpm-1');
    expect(read.attestation).toEqual(attestation);
    await client.createOrUpdateIndividualEnrollment({ ...read, attestation: { type: 'tpm' } });
    expect((await client.getIndividualEnrollment('tpm-1')).responseBody.attestation).toEqual(attestation);
  });

  it('show the registration of their device', async () => {
    const client = api.client();
    await client.createOrUpdateIndividualEnrollment(individual('dev-1'));
    expect((await client.getIndividualEnrollment('dev-1')).responseBody).not.toHaveProperty('registrationState');
    const caller = { actor: { kind: 'device', name: 'dev-1' }, correlationId: randomUUID() } as const;
    await new RegistrationStore(api.store).handle('dev-1', register(), caller);
    const { responseBody: read } = await client.getIndividualEnrollment('dev-1');
    expect(read.registrationState).toMatchObject({ registrationId: 'dev-1', status: 'assigning' });
    await client.createOrUpdateIndividualEnrollment({ ...read, provisioningStatus: 'disabled' });
  });

  it('are created once when many clients put the same new one at the same time', async () => {
    const client = api.client();
    const puts = Array.from({ length: 12 }, () => client.createOrUpdateIndividualEnrollment(individual('race-1')));
    const keys = new Set((await Promise.all(puts)).map(({ responseBody }) => responseBody.attestation.symmetricKey?.primaryKey));
    expect(keys.size).toBe(1);
    expect((await api.store.readStream('individualEnrollment-race-1')).events).toHaveLength(1);
  });
});
