import { randomUUID } from 'node:crypto';
import { TestCertificate, issue } from '@test/support/certificates';
import { OperationAnswer } from '@test/support/clients';
import { expectError } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { X509Device, credentialOf, registerWithSdk } from '@test/support/x509-devices';

let service: RunningService;
let root: TestCertificate;
let first: TestCertificate;
let second: TestCertificate;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  root = await issue({ name: 'Fleet root', authority: true });
  first = await issue({ name: 'Fleet intermediate 1', issuer: root, authority: true });
  second = await issue({ name: 'Fleet intermediate 2', issuer: first, authority: true });
});
afterAll(() => service.close());

const newId = (): string => `x509-${randomUUID()}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const thumbprint = (certificate: TestCertificate): string => certificate.x509.fingerprint.replaceAll(':', '');

async function putGroup(enrollmentGroupId: string, x509: object, overrides: object = {}): Promise<void> {
  const group = { enrollmentGroupId, attestation: { type: 'x509', x509 }, ...overrides };
  await service.administrator.createOrUpdateEnrollmentGroup(group as never);
}

const signedBy = (...[primary, secondary]: readonly TestCertificate[]): object => ({
  signingCertificates: {
    ...(primary === undefined ? {} : { primary: { certificate: base64(primary.pem) } }),
    ...(secondary === undefined ? {} : { secondary: { certificate: base64(secondary.pem) } }),
  },
});

async function putIndividual(registrationId: string, x509: object, overrides: object = {}): Promise<void> {
  const entry = { registrationId, attestation: { type: 'x509', x509 }, ...overrides };
  await service.administrator.createOrUpdateIndividualEnrollment(entry as never);
}

/** What the hub has, by the unmodified hub SDK. */
async function thumbprintsAt(hub: string, deviceId: string): Promise<unknown> {
  const { responseBody } = await service.registry(hub).get(deviceId);
  const { type, x509Thumbprint } = responseBody.authentication as unknown as { type: string; x509Thumbprint: object };
  return { type, ...x509Thumbprint };
}

async function withDevice<Result>(
  registrationId: string,
  chain: readonly [TestCertificate, ...TestCertificate[]],
  act: (device: X509Device) => Promise<Result>,
): Promise<Result> {
  const [leaf, ...above] = chain;
  const device = new X509Device(service, registrationId, credentialOf(leaf, ...above));
  try {
    return await act(device);
  } finally {
    device.close();
  }
}

describe('an individual device, with the unmodified SDK,', () => {
  test('is known by the certificate in its enrollment; the hub gets its thumbprint', async () => {
    const registrationId = newId();
    const own = await issue({ name: registrationId });
    await putIndividual(registrationId, { clientCertificates: { primary: { certificate: own.pem } } });
    const result = await registerWithSdk(service, registrationId, credentialOf(own));
    expect(result).toMatchObject({ status: 'assigned', deviceId: registrationId, registrationId });
    expect((result as unknown as { x509: unknown }).x509).toEqual({});
    const hub = (result as unknown as { assignedHub: string }).assignedHub;
    expect(await thumbprintsAt(hub, registrationId)).toEqual({
      type: 'selfSigned',
      primaryThumbprint: thumbprint(own),
      secondaryThumbprint: thumbprint(own),
    });
  });

  test('changes over from its primary to its secondary certificate when it likes, and back', async () => {
    const registrationId = newId();
    const [old, next] = [await issue({ name: registrationId, rsa: true }), await issue({ name: registrationId })];
    const hub = service.hubs[0];
    await putIndividual(
      registrationId,
      { clientCertificates: { primary: { certificate: old.pem }, secondary: { certificate: next.pem } } },
      { iotHubs: [hub] },
    );
    for (const certificate of [old, next, old]) {
      expect(await registerWithSdk(service, registrationId, credentialOf(certificate))).toMatchObject({ status: 'assigned' });
      expect(await thumbprintsAt(hub, registrationId)).toMatchObject({ primaryThumbprint: thumbprint(certificate) });
    }
  });

  test('is refused with another certificate of its name, with its certificate under another name, and with none', async () => {
    const registrationId = newId();
    const own = await issue({ name: registrationId });
    await putIndividual(registrationId, { clientCertificates: { primary: { certificate: own.pem } } });
    const other = await issue({ name: registrationId });
    await withDevice(registrationId, [other], (device) => expectError(device.register(), 401002));
    const elsewhere = newId();
    await putIndividual(elsewhere, { clientCertificates: { primary: { certificate: own.pem } } });
    await withDevice(elsewhere, [own], (device) => expectError(device.register(), 401002));
    const bare = new X509Device(service, registrationId, { cert: '', key: '' });
    await expectError(bare.register(), 401002);
    bare.close();
  });
});

describe('a device of a group, with the unmodified SDK,', () => {
  test('whose issuer is the certificate of the group sends its leaf alone', async () => {
    const [registrationId, groupId] = [newId(), newId()];
    const authority = await issue({ name: 'Root of one group', authority: true });
    await putGroup(groupId, signedBy(authority));
    const leaf = await issue({ name: registrationId, issuer: authority });
    const result = await registerWithSdk(service, registrationId, credentialOf(leaf));
    expect(result).toMatchObject({
      status: 'assigned',
      x509: {
        enrollmentGroupId: groupId,
        certificateInfo: { subjectName: `CN=${registrationId}`, sha1Thumbprint: thumbprint(leaf), version: 3 },
        signingCertificateInfo: { subjectName: 'CN=Root of one group', sha1Thumbprint: thumbprint(authority) },
      },
    });
    await service.administrator.deleteEnrollmentGroup(groupId);
  });

  test.each([
    ['the root, which it does not send', () => root],
    ['the first intermediate', () => first],
    ['the second intermediate, its issuer', () => second],
  ])('sends leaf and two intermediates where the group has %s', async (_what, trusted) => {
    const [registrationId, groupId] = [newId(), newId()];
    await putGroup(groupId, signedBy(trusted()));
    const leaf = await issue({ name: registrationId, issuer: second });
    const result = await registerWithSdk(service, registrationId, credentialOf(leaf, second, first));
    expect(result).toMatchObject({ status: 'assigned', x509: { enrollmentGroupId: groupId } });
    await service.administrator.deleteEnrollmentGroup(groupId);
  });

  test('goes to the group whose certificate is nearest, and to the next one when that is gone; disabled refuses', async () => {
    const [registrationId, near, far] = [newId(), newId(), newId()];
    await putGroup(far, signedBy(root));
    await putGroup(near, signedBy(second));
    const leaf = await issue({ name: registrationId, issuer: second });
    const groupNow = () =>
      withDevice(registrationId, [leaf, second, first], async (device) => {
        const { status, registrationState } = (await device.register()).json() as OperationAnswer;
        return [status, (registrationState.x509 as { enrollmentGroupId?: string } | undefined)?.enrollmentGroupId];
      });
    expect(await groupNow()).toEqual(['assigned', near]);
    await putGroup(near, signedBy(second), { provisioningStatus: 'disabled' });
    expect((await groupNow())[0]).toBe('disabled');
    await service.administrator.deleteEnrollmentGroup(near);
    expect(await groupNow()).toEqual(['assigned', far]);
    await service.administrator.deleteEnrollmentGroup(far);
  });

  test('is kept out by a disabled individual enrollment, whatever that attests by', async () => {
    const [registrationId, groupId] = [newId(), newId()];
    await putGroup(groupId, signedBy(root));
    const leaf = await issue({ name: registrationId, issuer: root });
    const symmetric = { registrationId, attestation: { type: 'symmetricKey' }, provisioningStatus: 'disabled' };
    await service.administrator.createOrUpdateIndividualEnrollment(symmetric as never);
    await withDevice(registrationId, [leaf], (device) => expectError(device.register(), 401002));
    await service.administrator.deleteIndividualEnrollment(registrationId);
    await withDevice(registrationId, [leaf], async (device) =>
      expect((await device.register()).json()).toMatchObject({ status: 'assigned' }),
    );
    await service.administrator.deleteEnrollmentGroup(groupId);
  });

  test('says in its history which certificates decided', async () => {
    const [registrationId, groupId] = [newId(), newId()];
    const spare = await issue({ name: 'Next root', authority: true });
    await putGroup(groupId, signedBy(root, spare));
    const leaf = await issue({ name: registrationId, issuer: spare });
    await withDevice(registrationId, [leaf], (device) => device.register());
    const { items } = (await service.manage('GET', `/devices/${registrationId}/history?twin=false&order=asc`)).json() as {
      items: { type: string; data: { grounds?: { attestation: unknown } } }[];
    };
    expect(items.find(({ type }) => type === 'AssignmentStarted')?.data.grounds?.attestation).toMatchObject({
      type: 'x509',
      key: 'secondary',
      x509: { certificateInfo: { subjectName: `CN=${registrationId}` }, signingCertificateInfo: { subjectName: 'CN=Next root' } },
    });
    await service.administrator.deleteEnrollmentGroup(groupId);
  });
});

describe('a device of a group polls', () => {
  const POLLS = 1_000;
  const POLLS_TIMEOUT_MS = 180_000;
  let leaf: TestCertificate;
  const groupId = newId();
  const registrationId = newId();

  beforeAll(async () => {
    await putGroup(groupId, signedBy(root));
    leaf = await issue({ name: registrationId, issuer: second });
  });
  afterAll(() => service.administrator.deleteEnrollmentGroup(groupId));

  async function polls(device: X509Device): Promise<Map<number, number>> {
    const { operationId } = (await device.register()).json() as OperationAnswer;
    const statuses = new Map<number, number>();
    for (let poll = 0; poll < POLLS; poll++) {
      const { status } = await device.poll(operationId);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    return statuses;
  }

  test(
    `${POLLS} times over one connection`,
    async () => {
      const device = new X509Device(service, registrationId, credentialOf(leaf, second, first), { maxSockets: 1 });
      expect(await polls(device)).toEqual(new Map([[200, POLLS]]));
      device.close();
    },
    POLLS_TIMEOUT_MS,
  );

  test(
    `${POLLS} times over new connections of an agent that resumes sessions where it can`,
    async () => {
      const credential = credentialOf(leaf, second, first);
      const device = new X509Device(service, registrationId, credential, { keepAlive: false, maxCachedSessions: 100 });
      expect(await polls(device)).toEqual(new Map([[200, POLLS]]));
      device.close();
    },
    POLLS_TIMEOUT_MS,
  );
});
