import { KeyUsageFlags, TestCertificate, extension, issue, signedWith } from '@test/support/certificates';
import { DeviceCertificate, readDeviceCertificate } from './x509-certificate';
import { CHAIN_LENGTH_MAX, ChainCheck, ChainWalk, ChainWalker, TrustAnchor, readChain } from './x509-chain';

const now = new Date();
const days = (count: number): Date => new Date(now.getTime() + count * 86_400_000);

function anchorOf(certificate: TestCertificate): TrustAnchor {
  const read = readDeviceCertificate(certificate.der);
  if (read === undefined) throw new Error(`${certificate.name} cannot be read`);
  return { certificate: read };
}

/** What comes of presenting a chain where these certificates are trusted. */
function present(chain: readonly TestCertificate[], trusted: readonly TestCertificate[], at = now): ChainWalk<TrustAnchor> {
  const reading = readChain(chain.map(({ der }) => der));
  if (!reading.accepted) return reading;
  const anchors = trusted.map(anchorOf);
  return new ChainWalker().walk(
    reading.chain,
    (subject) => anchors.filter((anchor) => anchor.certificate.subject === subject),
    at,
  );
}

const anchorName = (walk: ChainWalk<{ certificate: DeviceCertificate }>): string | undefined =>
  walk.accepted ? walk.anchor.certificate.commonNames[0] : undefined;

describe('a chain', () => {
  let root: TestCertificate;
  let first: TestCertificate;
  let second: TestCertificate;
  let leaf: TestCertificate;

  beforeAll(async () => {
    root = await issue({ name: 'root', authority: true });
    first = await issue({ name: 'first', issuer: root, authority: true });
    second = await issue({ name: 'second', issuer: first, authority: 0 });
    leaf = await issue({ name: 'device-1', issuer: second });
  });

  it('may end at the root, which need not be sent', () => {
    expect(present([leaf, second, first], [root])).toMatchObject({ accepted: true, intermediates: 2 });
    expect(present([leaf, second, first, root], [root])).toMatchObject({ accepted: true, intermediates: 2 });
  });

  it('may come in any order after the leaf', () => {
    expect(present([leaf, root, first, second], [root])).toMatchObject({ accepted: true });
  });

  it('ends at the nearest certificate that is trusted', () => {
    expect(anchorName(present([leaf, second, first], [root, first, second]))).toBe('second');
    expect(anchorName(present([leaf, second, first], [root, first]))).toBe('first');
    expect(anchorName(present([leaf], [root, second]))).toBe('second');
  });

  it('is refused when nothing trusted issued any of it', () => {
    expect(present([leaf, second], [root])).toMatchObject({ accepted: false, check: 'untrusted-issuer' });
    expect(present([leaf, second, first, root], [])).toMatchObject({ accepted: false, check: 'untrusted-issuer' });
  });

  it('is not trusted because the leaf itself is', async () => {
    expect(present([leaf], [leaf])).toMatchObject({ accepted: false, check: 'untrusted-issuer' });
    const own = await issue({ name: 'own', authority: true });
    expect(present([own], [own])).toMatchObject({ accepted: false, check: 'untrusted-issuer' });
  });

  it('is judged with the same result a second time, when signatures are remembered', () => {
    const walker = new ChainWalker();
    const sent = [leaf, second, first].map(({ der }) => der);
    const reading = walker.read(sent);
    if (!reading.accepted) throw new Error(reading.reason);
    const anchors = [anchorOf(root)];
    const named = (subject: string) => anchors.filter(({ certificate }) => certificate.subject === subject);
    expect(walker.walk(reading.chain, named, now).accepted).toBe(true);
    const again = walker.read(sent);
    expect(again).toEqual(reading);
    if (again.accepted) expect(again.chain[1]).toBe(reading.chain[1]);
    expect(walker.walk(reading.chain, named, now).accepted).toBe(true);
    expect(walker.walk(reading.chain, named, days(2))).toMatchObject({ accepted: false, check: 'validity' });
    expect(walker.walk(reading.chain, () => [], now)).toMatchObject({ accepted: false, check: 'untrusted-issuer' });
  });

  it('takes clocks that are some minutes apart', async () => {
    const soon = await issue({ name: 'device-1', issuer: root, notBefore: new Date(now.getTime() + 200_000) });
    expect(present([soon], [root]).accepted).toBe(true);
    expect(present([soon], [root], new Date(now.getTime() - 200_000))).toMatchObject({ accepted: false, check: 'validity' });
  });

  it('tells apart two authorities of one name', async () => {
    const other = await issue({ name: 'root', authority: true });
    const device = await issue({ name: 'device-1', issuer: other });
    expect(present([device], [root, other])).toMatchObject({ accepted: true });
    expect(present([device], [root])).toMatchObject({ accepted: false, check: 'signature' });
  });
});

describe('a hostile chain', () => {
  const refusals: readonly (readonly [string, ChainCheck, () => Promise<readonly [TestCertificate[], TestCertificate[]]>])[] = [
    ['no certificate', 'no-certificate', () => Promise.resolve([[], []])],
    [
      'a loop of issuers',
      'untrusted-issuer',
      async () => {
        const a = await issue({ name: 'a', authority: true });
        const b = await issue({ name: 'b', issuer: a, authority: true });
        const again = await issue({ name: 'a', issuer: b, keys: a.keys, authority: true });
        const leaf = await issue({ name: 'device-1', issuer: again });
        return [[leaf, again, b], [await issue({ name: 'root', authority: true })]];
      },
    ],
    [
      'one certificate twice',
      'duplicate-certificate',
      async () => {
        const root = await issue({ name: 'root', authority: true });
        const middle = await issue({ name: 'middle', issuer: root, authority: true });
        return [[await issue({ name: 'device-1', issuer: middle }), middle, middle], [root]];
      },
    ],
    [
      'fifty certificates',
      'chain-too-long',
      async () => {
        const root = await issue({ name: 'root', authority: true });
        const chain = [root];
        for (let depth = 0; depth < 50; depth++) {
          chain.unshift(await issue({ name: `c${depth}`, issuer: chain[0] ?? root, authority: depth < 49 }));
        }
        return [chain, [root]];
      },
    ],
    ['an expired leaf', 'validity', () => leafOf({ notAfter: days(-1), notBefore: days(-2) })],
    ['a leaf that is not valid yet', 'validity', () => leafOf({ notBefore: days(1), notAfter: days(2) })],
    ['an expired authority', 'validity', () => rootOf({ notBefore: days(-2), notAfter: days(-1) })],
    ['an authority whose key may not sign', 'key-usage', () => rootOf({ keyUsage: KeyUsageFlags.digitalSignature })],
    ['an issuer that is no authority', 'basic-constraints', () => rootOf({ authority: false })],
    [
      'a leaf with an unknown critical extension',
      'critical-extension',
      () => leafOf({ extensions: [extension('1.2.3.4', true)] }),
    ],
    [
      'more intermediates than the path length allows',
      'path-length',
      async () => {
        const root = await issue({ name: 'root', authority: 0 });
        const middle = await issue({ name: 'middle', issuer: root, authority: true });
        return [[await issue({ name: 'device-1', issuer: middle }), middle], [root]];
      },
    ],
    [
      'an intermediate that is a device',
      'basic-constraints',
      async () => {
        const root = await issue({ name: 'root', authority: true });
        const device = await issue({ name: 'device-0', issuer: root });
        return [[await issue({ name: 'device-1', issuer: device }), device], [root]];
      },
    ],
    [
      'a leaf that only claims its issuer',
      'signature',
      async () => {
        const root = await issue({ name: 'root', authority: true });
        return [[await issue({ name: 'device-1', claimedIssuer: 'CN=root' })], [root]];
      },
    ],
    ['a leaf signed with MD5', 'signature-algorithm', () => weak('md5')],
    ['a leaf signed with SHA-1', 'signature-algorithm', () => weak('sha1')],
  ];

  async function leafOf(wish: object): Promise<readonly [TestCertificate[], TestCertificate[]]> {
    const root = await issue({ name: 'root', authority: true });
    return [[await issue({ name: 'device-1', issuer: root, ...wish })], [root]];
  }

  async function rootOf(wish: object): Promise<readonly [TestCertificate[], TestCertificate[]]> {
    const root = await issue({ name: 'root', authority: true, ...wish });
    return [[await issue({ name: 'device-1', issuer: root })], [root]];
  }

  async function weak(digest: 'md5' | 'sha1'): Promise<readonly [TestCertificate[], TestCertificate[]]> {
    const root = await issue({ name: 'root', authority: true, rsa: true });
    const leaf = await issue({ name: 'device-1', issuer: root, rsa: true });
    return [[signedWith(digest, leaf, root)], [root]];
  }

  it.each(refusals)('with %s is refused: %s', async (_what, check, make) => {
    const [chain, trusted] = await make();
    const walk = present(chain, trusted);
    expect(walk).toMatchObject({ accepted: false, check });
  });

  it('of anything but certificates is refused', () => {
    expect(readChain([Buffer.from('no certificate')])).toMatchObject({ accepted: false, check: 'unreadable-certificate' });
    const many = Array.from({ length: CHAIN_LENGTH_MAX + 1 }, () => Buffer.from('x'));
    expect(readChain(many)).toMatchObject({ accepted: false, check: 'chain-too-long' });
  });

  it('made of bytes changed at random is read or refused, never thrown at', async () => {
    const { der } = await issue({ name: 'device-1', authority: 3 });
    for (let index = 0; index < der.length; index++) {
      const changed = Buffer.from(der);
      changed[index] = (changed[index] ?? 0) ^ 0xff;
      expect([true, false]).toContain(readChain([changed]).accepted);
    }
  });
});
