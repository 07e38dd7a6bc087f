import { randomUUID } from 'node:crypto';
import { KeyUsageFlags, TestCertificate, issue, signedWith } from '@test/support/certificates';
import { expectError } from '@test/support/device-calls';
import { RunningService, startService } from '@test/support/running-service';
import { X509Device, credentialOf } from '@test/support/x509-devices';

const DAY_MS = 86_400_000;
const days = (count: number): Date => new Date(Date.now() + count * DAY_MS);
const newId = (): string => `hostile-${randomUUID()}`;

/** Chains that a group with `trusted` as its certificate must refuse, leaf first. */
interface Attack {
  readonly trusted: TestCertificate;
  readonly chain: readonly [TestCertificate, ...TestCertificate[]];
}

let service: RunningService;
let root: TestCertificate;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  root = await issue({ name: 'root', authority: true });
});
afterAll(() => service.close());

async function putGroup(enrollmentGroupId: string, { pem }: TestCertificate): Promise<void> {
  const signingCertificates = { primary: { certificate: pem } };
  const group = { enrollmentGroupId, attestation: { type: 'x509', x509: { signingCertificates } } };
  await service.administrator.createOrUpdateEnrollmentGroup(group as never);
}

const leafBy = async (id: string, wish: object): Promise<Attack> => ({
  trusted: root,
  chain: [await issue({ name: id, issuer: root, ...wish })],
});
const rootOf = async (id: string, wish: object): Promise<Attack> => {
  const trusted = await issue({ name: 'its own root', ...wish });
  return { trusted, chain: [await issue({ name: id, issuer: trusted })] };
};
const weak = async (id: string, digest: 'md5' | 'sha1'): Promise<Attack> => {
  const trusted = await issue({ name: 'rsa root', authority: true, rsa: true });
  return { trusted, chain: [signedWith(digest, await issue({ name: id, issuer: trusted, rsa: true }), trusted)] };
};
const long = async (id: string): Promise<Attack> => {
  const above = [root];
  for (let depth = 0; depth < 49; depth++) {
    above.unshift(await issue({ name: `ca ${depth}`, issuer: above[0] ?? root, authority: true }));
  }
  const [issuer = root, ...rest] = above;
  return { trusted: root, chain: [await issue({ name: id, issuer }), issuer, ...rest] };
};
const loop = async (id: string): Promise<Attack> => {
  const a = await issue({ name: 'loop a', authority: true });
  const b = await issue({ name: 'loop b', issuer: a, authority: true });
  const again = await issue({ name: 'loop a', issuer: b, keys: a.keys, authority: true });
  return { trusted: root, chain: [await issue({ name: id, issuer: again }), again, b] };
};
const tooDeep = async (id: string): Promise<Attack> => {
  const trusted = await issue({ name: 'shallow root', authority: 0 });
  const middle = await issue({ name: 'middle', issuer: trusted, authority: true });
  return { trusted, chain: [await issue({ name: id, issuer: middle }), middle] };
};
const deviceAsIssuer = async (id: string): Promise<Attack> => {
  const device = await issue({ name: 'a device', issuer: root });
  return { trusted: root, chain: [await issue({ name: id, issuer: device }), device] };
};

const attacks: readonly (readonly [what: string, check: RegExp, make: (id: string) => Promise<Attack>])[] = [
  ['a loop of issuers', /^untrusted-issuer$/, loop],
  ['fifty certificates', /^chain-too-long$/, long],
  ['an expired leaf', /^validity$/, (id) => leafBy(id, { notBefore: days(-3), notAfter: days(-1) })],
  ['a leaf that is not valid yet', /^validity$/, (id) => leafBy(id, { notBefore: days(1), notAfter: days(3) })],
  ['an expired authority', /^validity$/, (id) => rootOf(id, { authority: true, notBefore: days(-3), notAfter: days(-1) })],
  ['a key that may not sign', /^key-usage$/, (id) => rootOf(id, { authority: true, keyUsage: KeyUsageFlags.digitalSignature })],
  ['an issuer that is no authority', /^basic-constraints$/, (id) => rootOf(id, { authority: false })],
  ['a device as an intermediate', /^(basic-constraints|untrusted-issuer)$/, deviceAsIssuer],
  ['too many intermediates', /^path-length$/, tooDeep],
  ['an MD5 signature', /^signature-algorithm$/, (id) => weak(id, 'md5')],
  ['a SHA-1 signature', /^signature-algorithm$/, (id) => weak(id, 'sha1')],
  [
    'an issuer it only claims',
    /^signature$/,
    async (id) => ({ trusted: root, chain: [await issue({ name: id, claimedIssuer: 'CN=root' })] }),
  ],
  ["another device's name", /^common-name$/, async (id) => ({ ...(await leafBy(id, { name: `${id}-other` })), trusted: root })],
];

interface Failure {
  readonly check: string;
  readonly reason: string;
  readonly failures: number;
  readonly transport: string;
  readonly thumbprint: string | null;
}

/** Failures are written once a second. */
async function failureOf(registrationId: string): Promise<Failure> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await service.manage('GET', `/attestation-failures/${registrationId}`);
    if (answer.status === 200) return answer.json() as Failure;
    if (Date.now() > deadline) throw new Error(`no failure of ${registrationId} is known`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a certificate chain with', () => {
  test.each(attacks)('%s is refused, and operators see why: %s', async (_what, check, make) => {
    const [registrationId, groupId] = [newId(), newId()];
    const { trusted, chain } = await make(registrationId);
    await putGroup(groupId, trusted);
    const [leaf, ...above] = chain;
    const device = new X509Device(service, registrationId, credentialOf(leaf, ...above));
    const message = await expectError(device.register(), 401002);
    device.close();
    expect(message).toBe('Unauthorized');
    const failure = await failureOf(registrationId);
    expect(failure.check).toMatch(check);
    expect(failure).toMatchObject({
      failures: 1,
      transport: 'https',
      thumbprint: leaf.x509.fingerprint.replaceAll(':', ''),
    });
    expect(service.process.output()).toContain(failure.check);
    await service.administrator.deleteEnrollmentGroup(groupId);
  });
});

test('others are served after all that, and while it goes on', async () => {
  const [registrationId, groupId] = [newId(), newId()];
  await putGroup(groupId, root);
  const good = new X509Device(service, registrationId, credentialOf(await issue({ name: registrationId, issuer: root })));
  const stranger = await issue({ name: 'stranger' });
  const bad = new X509Device(service, 'stranger', credentialOf(stranger), { maxSockets: 8 });
  const [answers, refusals] = await Promise.all([
    Promise.all(Array.from({ length: 20 }, () => good.register())),
    Promise.all(Array.from({ length: 200 }, () => bad.register())),
  ]);
  good.close();
  bad.close();
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
  expect(new Set(refusals.map(({ status }) => status))).toEqual(new Set([401]));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await failureOf('stranger')).toMatchObject({ failures: 200, check: 'untrusted-issuer' });
});
