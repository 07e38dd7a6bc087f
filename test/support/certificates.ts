import 'reflect-metadata';
import { X509Certificate, createPrivateKey, createSign, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate for tests with its key. */
export interface TestCertificate {
  readonly name: string;
  readonly pem: string;
  readonly der: Buffer;
  readonly x509: X509Certificate;
  /** PKCS #8, PEM. */
  readonly keyPem: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface CertificateWish {
  /** The common name, or a whole distinguished name when it holds `=`. */
  readonly name: string;
  /** Self-signed when left out. */
  readonly issuer?: TestCertificate;
  /** Over the issuer's name: a certificate that claims to come from somebody else. */
  readonly claimedIssuer?: string;
  /** True makes the certificate one of an authority; a number is its path length. */
  readonly authority?: boolean | number;
  /** Of the extension; left out, authorities may sign certificates and others have no such extension. */
  readonly keyUsage?: x509.KeyUsageFlags;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly rsa?: boolean;
  /** Keys of another certificate instead of new ones. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly extensions?: readonly x509.Extension[];
  /** IP addresses that a server with this certificate is reached at. */
  readonly addresses?: readonly string[];
}

export { KeyUsageFlags } from '@peculiar/x509';
export const extension = (oid: string, critical: boolean): x509.Extension =>
  new x509.Extension(oid, critical, new Uint8Array([5, 0]));

const HOUR_MS = 3_600_000;
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const;

/** Issues a certificate as the wish says, also one that no authority would issue. */
export async function issue(wish: CertificateWish): Promise<TestCertificate> {
  x509.cryptoProvider.set(webcrypto as never);
  const keys = wish.keys ?? (await generateKeys(wish.rsa === true));
  const { issuer } = wish;
  const subject = distinguishedName(wish.name);
  const signingKeys = issuer?.keys ?? keys;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `4${randomBytes(8).toString('hex').slice(1)}`,
    subject,
    issuer: wish.claimedIssuer ?? (issuer === undefined ? subject : new x509.X509Certificate(issuer.der).subject),
    notBefore: wish.notBefore ?? new Date(Date.now() - HOUR_MS),
    notAfter: wish.notAfter ?? new Date(Date.now() + 24 * HOUR_MS),
    publicKey: keys.publicKey,
    signingKey: signingKeys.privateKey,
    signingAlgorithm: signingKeys.privateKey.algorithm.name === 'ECDSA' ? EC : RSA,
    extensions: extensionsOf(wish),
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyPem = createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString();
  return testCertificate(wish.name, Buffer.from(certificate.rawData), keyPem, keys);
}

const SHA256_WITH_RSA = Buffer.from('06092a864886f70d01010b', 'hex');
const withRsa = {
  md5: { oid: Buffer.from('06092a864886f70d010104', 'hex'), algorithm: 'RSA-MD5' },
  sha1: { oid: Buffer.from('06092a864886f70d010105', 'hex'), algorithm: 'RSA-SHA1' },
} as const;

/** The same certificate signed again with a digest that is not to be trusted. Both certificates must have RSA keys. */
export function signedWith(digest: keyof typeof withRsa, certificate: TestCertificate, issuer: TestCertificate): TestCertificate {
  const { oid, algorithm } = withRsa[digest];
  // Header of 4 bytes, then what is signed with a header of 4 bytes: RSA certificates are longer than 255 bytes.
  const signedBytes = Buffer.from(certificate.der.subarray(4, 8 + certificate.der.readUInt16BE(6)));
  oid.copy(signedBytes, signedBytes.indexOf(SHA256_WITH_RSA));
  const rest = Buffer.from(certificate.der.subarray(4 + signedBytes.length));
  oid.copy(rest, rest.indexOf(SHA256_WITH_RSA));
  const signature = createSign(algorithm).update(signedBytes).sign(issuer.keyPem);
  signature.copy(rest, rest.length - signature.length);
  const der = Buffer.concat([certificate.der.subarray(0, 4), signedBytes, rest]);
  return testCertificate(certificate.name, der, certificate.keyPem, certificate.keys);
}

/** PEM of a chain, leaf first, as SDK clients send it. */
export function chainPem(...chain: readonly TestCertificate[]): string {
  return chain.map(({ pem }) => pem).join('');
}

function testCertificate(name: string, der: Buffer, keyPem: string, keys: webcrypto.CryptoKeyPair): TestCertificate {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
  return { name, der, x509: new X509Certificate(der), pem, keyPem, keys };
}

function distinguishedName(name: string): string {
  return name.includes('=') ? name : `CN=${name}`;
}

function extensionsOf({ authority = false, keyUsage, extensions = [], addresses = [] }: CertificateWish): x509.Extension[] {
  const isAuthority = authority !== false;
  const usage = keyUsage ?? (isAuthority ? x509.KeyUsageFlags.keyCertSign : undefined);
  return [
    ...(isAuthority
      ? [new x509.BasicConstraintsExtension(true, typeof authority === 'number' ? authority : undefined, true)]
      : []),
    ...(usage === undefined ? [] : [new x509.KeyUsagesExtension(usage, true)]),
    ...(addresses.length === 0
      ? []
      : [new x509.SubjectAlternativeNameExtension(addresses.map((value) => ({ type: 'ip' as const, value })))]),
    ...extensions,
  ];
}

async function generateKeys(rsa: boolean): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(rsa ? RSA : EC, true, ['sign', 'verify']);
}
