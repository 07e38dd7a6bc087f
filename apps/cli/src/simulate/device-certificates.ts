import { KeyObject, X509Certificate, createPrivateKey, webcrypto } from 'node:crypto';
import { usageError } from '../exit-codes';

/** What a device shows in TLS: PEM of its chain, leaf first, and of its key. */
export interface DeviceCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Only when it is needed: it takes longer to load than all the rest of the command line. */
const loadX509 = async () => {
  await import('reflect-metadata');
  return import('@peculiar/x509');
};
type X509 = Awaited<ReturnType<typeof loadX509>>;
type Issuer = InstanceType<X509['X509Certificate']>;

const DAY_MS = 86_400_000;
/** Longer than the longest simulation, and not longer than its authority. */
const VALID_MS = 7 * DAY_MS;
/** For machines whose clocks are behind. */
const BACKDATE_MS = 3_600_000;
const SERIAL_BYTES = 16;
const COMMON_NAME_MAX = 64;
const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A certificate and its key out of PEM texts. */
export interface GivenCertificate {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** As it was given, with those above it. */
  readonly pem: string;
}

/** Error: usage, in words. */
export function givenCertificate(pem: string, keyPem: string): GivenCertificate {
  const certificate = readAs('--certificate-path holds no certificate in PEM', () => new X509Certificate(pem));
  const key = readAs('--key-path holds no private key in PEM, or an encrypted one', () => createPrivateKey(keyPem));
  if (!certificate.checkPrivateKey(key)) throw usageError('the key of --key-path is not that of the certificate');
  return { certificate, key, pem };
}

/** The name that a device's own certificate gives it. Error: usage. */
export function commonName({ subject }: X509Certificate): string {
  const name = /^CN=(.+)$/m.exec(subject)?.[1];
  if (name === undefined) throw usageError('the certificate has no common name, which a device is registered under');
  return name;
}

/** Makes certificates for devices, as a factory does. */
export class DeviceAuthority {
  private constructor(
    private readonly x509: X509,
    private readonly given: GivenCertificate,
    private readonly issuer: Issuer,
    private readonly signingKey: webcrypto.CryptoKey,
  ) {}

  /** Error: usage, for a certificate that cannot sign devices. */
  static async open(given: GivenCertificate): Promise<DeviceAuthority> {
    const x509 = await loadX509();
    x509.cryptoProvider.set(webcrypto);
    const pkcs8 = given.key.export({ format: 'der', type: 'pkcs8' });
    const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithmOf(given.key), false, ['sign']);
    return new DeviceAuthority(x509, given, new x509.X509Certificate(given.certificate.raw), signingKey);
  }

  async issue(registrationId: string, nowMs = Date.now()): Promise<DeviceCertificate> {
    if (registrationId.length > COMMON_NAME_MAX) throw usageError(`a common name has at most ${COMMON_NAME_MAX} characters`);
    const { x509, issuer, signingKey, given } = this;
    const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: [{ CN: [registrationId] }],
      issuer: issuer.subjectName,
      notBefore: new Date(Math.max(nowMs - BACKDATE_MS, issuer.notBefore.getTime())),
      notAfter: new Date(Math.min(nowMs + VALID_MS, issuer.notAfter.getTime())),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: { ...signingKey.algorithm, hash: 'SHA-256' },
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        ...authorityKeyIdentifier(x509, issuer),
      ],
    });
    const key = KeyObject.from(keys.privateKey).export({ format: 'pem', type: 'pkcs8' });
    return { cert: `${certificate.toString('pem')}\n${given.pem}`, key: String(key) };
  }
}

/** As the issuer has called its key, which need not be the digest of it. */
function authorityKeyIdentifier(x509: X509, issuer: Issuer) {
  const keyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)];
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams {
  const curve = curves.get(asymmetricKeyDetails?.namedCurve ?? '');
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (asymmetricKeyType === 'ec' && curve !== undefined) return { name: 'ECDSA', namedCurve: curve };
  throw usageError('the key of --key-path is neither RSA nor of the curves P-256, P-384 and P-521');
}

/** Names of OpenSSL to those of the web. */
const curves: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
]);

/** Positive, as RFC 5280 asks: the first bit is clear and the first byte is not zero. */
function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function readAs<Value>(otherwise: string, read: () => Value): Value {
  try {
    return read();
  } catch {
    throw usageError(otherwise);
  }
}
