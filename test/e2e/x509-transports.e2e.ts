import { registerOverAmqp } from '@test/support/amqp-devices';
import { TestCertificate, issue } from '@test/support/certificates';
import { RunningService, startService } from '@test/support/running-service';
import { Credential, credentialOf, registerOverMqttWithSdk, registerWithSdk } from '@test/support/x509-devices';

type Register = (registrationId: string, credential: Credential) => Promise<object>;

let service: RunningService;
let root: TestCertificate;
let issuer: TestCertificate;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  root = await issue({ name: 'root of all transports', authority: true });
  issuer = await issue({ name: 'issuer', issuer: root, authority: true });
  const signingCertificates = { primary: { certificate: root.pem } };
  const group = { enrollmentGroupId: 'all-transports', attestation: { type: 'x509', x509: { signingCertificates } } };
  await service.administrator.createOrUpdateEnrollmentGroup(group as never);
});
afterAll(() => service.close());

const transports: readonly (readonly [string, Register])[] = [
  ['Http', (id, credential) => registerWithSdk(service, id, credential)],
  ['Mqtt', (id, credential) => registerOverMqttWithSdk(service, 'Mqtt', id, credential)],
  ['MqttWs', (id, credential) => registerOverMqttWithSdk(service, 'MqttWs', id, credential)],
  ['Amqp', (id, credential) => registerOverAmqp(service, { transport: 'Amqp', registrationId: id, key: credential })],
  ['AmqpWs', (id, credential) => registerOverAmqp(service, { transport: 'AmqpWs', registrationId: id, key: credential })],
];

describe.each(transports)('over %s, with the unmodified SDK,', (name, register) => {
  test('a chain that ends below the root of a group is enough', async () => {
    const id = `chain-${name.toLowerCase()}`;
    const leaf = await issue({ name: id, issuer });
    expect(await register(id, credentialOf(leaf, issuer))).toMatchObject({
      status: 'assigned',
      x509: { enrollmentGroupId: 'all-transports', certificateInfo: { subjectName: `CN=${id}` } },
    });
  });

  test('an individual certificate is enough', async () => {
    const id = `own-${name.toLowerCase()}`;
    const own = await issue({ name: id });
    const x509 = { clientCertificates: { primary: { certificate: own.pem } } };
    await service.administrator.createOrUpdateIndividualEnrollment({
      registrationId: id,
      attestation: { type: 'x509', x509 },
    } as never);
    expect(await register(id, credentialOf(own))).toMatchObject({ status: 'assigned', deviceId: id });
  });

  test('a chain that nothing here issued is refused', async () => {
    const id = `stranger-${name.toLowerCase()}`;
    // Over AMQP the SDK rejects with something that is no Error.
    const outcome = register(id, credentialOf(await issue({ name: id }))).then(
      () => 'registered',
      () => 'refused',
    );
    expect(await outcome).toBe('refused');
    expect((await service.manage('GET', `/devices/${id}`)).status).toBe(404);
  });
});
