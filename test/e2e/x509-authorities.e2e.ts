import { randomUUID } from 'node:crypto';
import { TestCertificate, issue } from '@test/support/certificates';
import { OperationAnswer } from '@test/support/clients';
import { expectError } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { X509Device, credentialOf, registerWithSdk } from '@test/support/x509-devices';

interface Certificate {
  readonly name: string;
  readonly isVerified: boolean;
  readonly verificationCode: string | null;
  readonly etag: string;
}

let service: RunningService;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
});
afterAll(() => service.close());

const newId = (): string => `authority-${randomUUID()}`;
const upload = async (name: string, { pem }: TestCertificate, isVerified?: boolean): Promise<Certificate> => {
  const answer = await service.manage('PUT', `/certificates/${name}`, { certificate: pem, isVerified });
  expect(answer.status).toBe(200);
  return answer.json() as Certificate;
};
const certificate = async (name: string): Promise<unknown> => (await service.manage('GET', `/certificates/${name}`)).json();

async function putGroup(enrollmentGroupId: string, caReferences: object): Promise<void> {
  const group = { enrollmentGroupId, attestation: { type: 'x509', x509: { caReferences } } };
  await service.administrator.createOrUpdateEnrollmentGroup(group as never);
}

async function statusOf(registrationId: string, leaf: TestCertificate, ...above: TestCertificate[]): Promise<number> {
  const device = new X509Device(service, registrationId, credentialOf(leaf, ...above));
  const { status } = await device.register();
  device.close();
  return status;
}

test('a CA certificate attests devices once its key was proved, with the unmodified SDK', async () => {
  const [registrationId, groupId, name] = [newId(), newId(), 'Factory-CA'];
  const ca = await issue({ name: 'Factory', authority: true });
  const intermediate = await issue({ name: 'Line 1', issuer: ca, authority: true });
  const leaf = await issue({ name: registrationId, issuer: intermediate });
  expect(await upload(name, ca)).toMatchObject({ isVerified: false, verificationCode: null });
  await putGroup(groupId, { primary: name.toLowerCase() });
  expect(await statusOf(registrationId, leaf, intermediate)).toBe(401);

  const { verificationCode, etag } = (
    await service.manage('POST', `/certificates/${name}/generateVerificationCode`)
  ).json() as Certificate;
  const proof = await issue({ name: verificationCode ?? '', issuer: ca });
  const verify = (body: object, ifMatch = etag) =>
    service.manage('POST', `/certificates/${name}/verify`, body, { 'if-match': ifMatch });
  const forged = await issue({ name: verificationCode ?? '', claimedIssuer: 'CN=Factory' });
  expect((await verify({ certificate: forged.pem })).status).toBe(400);
  expect((await verify({ certificate: proof.pem }, '"elsewhere"')).status).toBe(412);
  expect((await verify({ certificate: 'no certificate' })).status).toBe(400);
  expect(await statusOf(registrationId, leaf, intermediate)).toBe(401);
  expect(await verify({ certificate: proof.pem })).toMatchObject({ status: 200 });
  expect(await certificate(name)).toMatchObject({ isVerified: true, verificationCode: null });

  expect(await registerWithSdk(service, registrationId, credentialOf(leaf, intermediate))).toMatchObject({
    status: 'assigned',
    x509: { enrollmentGroupId: groupId, signingCertificateInfo: { subjectName: 'CN=Factory' } },
  });
  await service.administrator.deleteEnrollmentGroup(groupId);
});

test('one that is vouched for on upload counts at once; replaced or deleted it counts no more', async () => {
  const [registrationId, groupId, name] = [newId(), newId(), 'vouched'];
  const [ca, other] = [await issue({ name: 'CA', authority: true }), await issue({ name: 'CA', authority: true })];
  const leaf = await issue({ name: registrationId, issuer: ca });
  await upload(name, ca, true);
  await putGroup(groupId, { secondary: name });
  expect(await statusOf(registrationId, leaf)).toBe(202);
  await upload(name, other);
  expect(await statusOf(registrationId, leaf)).toBe(401);
  await upload(name, ca, true);
  expect(await statusOf(registrationId, leaf)).toBe(202);
  expect((await service.manage('DELETE', `/certificates/${name}`, undefined, { 'if-match': '"elsewhere"' })).status).toBe(412);
  expect((await service.manage('DELETE', `/certificates/${name}`)).status).toBe(204);
  expect(await statusOf(registrationId, leaf)).toBe(401);
  expect((await service.manage('GET', `/certificates/${name}`)).status).toBe(404);
  await service.administrator.deleteEnrollmentGroup(groupId);
});

test('a certificate that may not issue others is no CA certificate', async () => {
  const device = await issue({ name: 'device' });
  const answer = await service.manage('PUT', '/certificates/device', { certificate: device.pem });
  expect(answer).toMatchObject({ status: 400 });
  expect(answer.json()).toMatchObject({ type: 'urn:rehome:problem:certificate-not-an-authority' });
});

test('operators see which CA certificate expires next', async () => {
  const soon = await issue({ name: 'soon', authority: true, notAfter: new Date(Date.now() + 3.5 * 86_400_000) });
  const gone = await issue({
    name: 'gone',
    authority: true,
    notBefore: new Date(Date.now() - 9 * 86_400_000),
    notAfter: new Date(Date.now() - 1.5 * 86_400_000),
  });
  await upload('soon', soon, true);
  const answer = await service.manage('PUT', '/certificates/gone', { certificate: gone.pem });
  const position = String(answer.headers['x-rehome-position']);
  const { items } = (await service.manage('GET', `/certificate-expiry?atLeast=${position}`)).json() as {
    items: { name: string }[];
  };
  const shown = items.filter(({ name }) => name === 'soon' || name === 'gone');
  expect(shown).toMatchObject([
    { name: 'gone', daysLeft: -2, isVerified: false },
    { name: 'soon', daysLeft: 3, isVerified: true, subject: 'CN=soon' },
  ]);
});

test('CA certificates are still there after a restart', async () => {
  const before = (await service.manage('GET', '/certificates')).json();
  await service.process.stop();
  service = await service.restart();
  expect((await service.manage('GET', '/certificates')).json()).toEqual(before);
});

test('an instance holds at most 100 groups with certificates', async () => {
  const ca = await issue({ name: 'One of many', authority: true });
  const x509 = { signingCertificates: { primary: { certificate: ca.pem } } };
  const put = (index: number) =>
    service.administrator.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: `many-${index}`,
      attestation: { type: 'x509', x509 },
    } as never);
  for (let index = 0; index < 100; index++) await put(index);
  await expect(put(100)).rejects.toThrow();
  await expect(put(99)).resolves.toBeDefined();
  const registrationId = newId();
  const device = new X509Device(service, registrationId, credentialOf(await issue({ name: registrationId, issuer: ca })));
  const { registrationState } = (await device.register()).json() as OperationAnswer;
  expect(registrationState.x509).toMatchObject({ enrollmentGroupId: 'many-0' });
  const stranger = new X509Device(service, registrationId, credentialOf(await issue({ name: registrationId })));
  await expectError(stranger.register(), 401002);
  device.close();
  stranger.close();
});
