import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { TestCertificate, issue } from '@test/support/certificates';
import { DeviceAuthority, commonName, givenCertificate } from './device-certificates';

const DAY_MS = 86_400_000;

describe('an authority', () => {
  test.each([
    ['an elliptic curve', false],
    ['RSA', true],
  ])('with a key of %s makes device certificates that it has signed, with the chain above them', async (_, rsa) => {
    const root = await issue({ name: 'root', authority: true });
    const authority = await issue({ name: 'Factory, Oslo', issuer: root, authority: true, rsa });
    const maker = await DeviceAuthority.open(givenCertificate(authority.pem + root.pem, authority.keyPem));
    const { cert, key } = await maker.issue('CN=pump+1, O=x');
    const [leaf = '', ...above] = cert.split(/(?<=-----END CERTIFICATE-----\n)/);
    const certificate = new X509Certificate(leaf);
    expect(above.join('').trim()).toBe((authority.pem + root.pem).trim());
    expect(certificate.verify(authority.x509.publicKey)).toBe(true);
    expect(certificate.checkIssued(authority.x509)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.toLegacyObject().subject).toEqual({ CN: 'CN=pump+1, O=x' });
    expect(await maker.issue('CN=pump+1, O=x')).not.toMatchObject({ key });
  });

  test('makes none that outlives it, and none for a longer name than a certificate holds', async () => {
    const notAfter = new Date(Math.floor(Date.now() / 1_000) * 1_000 + DAY_MS);
    const authority = await issue({ name: 'short', authority: true, notAfter });
    const maker = await DeviceAuthority.open(givenCertificate(authority.pem, authority.keyPem));
    const { cert } = await maker.issue('pump');
    expect(new Date(new X509Certificate(cert).validTo)).toEqual(notAfter);
    await expect(maker.issue('p'.repeat(65))).rejects.toThrow('a common name has at most 64 characters');
  });
});

describe('what is given', () => {
  let leaf: TestCertificate;
  beforeAll(async () => (leaf = await issue({ name: 'O=Works, CN=sn-42' })));

  test('says whose it is', () => {
    const { certificate } = givenCertificate(leaf.pem, leaf.keyPem);
    expect([certificate.ca, commonName(certificate)]).toEqual([false, 'sn-42']);
  });

  test('must be a certificate and its key', async () => {
    const other = await issue({ name: 'other' });
    const { privateKey } = generateKeyPairSync('ed25519');
    const encrypted = createPrivateKey(leaf.keyPem).export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    });
    expect(() => givenCertificate('no', leaf.keyPem)).toThrow('--certificate-path holds no certificate');
    expect(() => givenCertificate(leaf.pem, 'no')).toThrow('--key-path holds no private key');
    expect(() => givenCertificate(leaf.pem, String(encrypted))).toThrow('or an encrypted one');
    expect(() => givenCertificate(leaf.pem, other.keyPem)).toThrow('not that of the certificate');
    const unusual = { ...givenCertificate(leaf.pem, leaf.keyPem), key: privateKey };
    await expect(DeviceAuthority.open(unusual)).rejects.toThrow('neither RSA nor of the curves');
    const nameless = await issue({ name: 'O=Works' });
    expect(() => commonName(nameless.x509)).toThrow('no common name');
  });
});
