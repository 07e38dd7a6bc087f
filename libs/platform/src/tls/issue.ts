import 'reflect-metadata';
import { isIP } from 'node:net';
import type { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** PEM texts. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** Apple's clients take no server certificate of more than 398 days. */
const SERVER_DAYS = 397;
/** A certificate is valid from a little before it is made, for machines whose clocks are behind. */
const BACKDATE_MS = 3_600_000;
const SERIAL_BYTES = 16;
const EC_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function issueAuthority(crypto: typeof webcrypto, now: Date): Promise<Issued> {
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const serialNumber = randomSerial(crypto);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // The serial in the name keeps two installations' authorities apart in one trust store.
    name: `CN=Rehome development authority ${serialNumber.slice(0, 8)}, O=Rehome`,
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    keys: keys,
    signingAlgorithm: EC_P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pem(certificate), key: await exportKey(crypto, keys.privateKey) };
}

export async function issueServerCertificate(
  crypto: typeof webcrypto,
  authority: Issued,
  names: readonly string[],
  now: Date,
): Promise<Issued> {
  x509.cryptoProvider.set(crypto);
  const issuer = new x509.X509Certificate(authority.cert);
  const keys = await crypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(crypto),
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: issuer.subject,
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter: new Date(Math.min(now.getTime() + SERVER_DAYS * DAY_MS, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: await importKey(crypto, authority.key),
    signingAlgorithm: EC_P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: pem(certificate), key: await exportKey(crypto, keys.privateKey) };
}

const pem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

/** Positive, as RFC 5280 asks: the first bit is clear and the first byte is not zero. */
function randomSerial(crypto: typeof webcrypto): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function exportKey(crypto: typeof webcrypto, key: webcrypto.CryptoKey): Promise<string> {
  const lines = Buffer.from(await crypto.subtle.exportKey('pkcs8', key))
    .toString('base64')
    .replace(/.{64}/g, '$&\n')
    .trimEnd();
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

function importKey(crypto: typeof webcrypto, pemText: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pemText.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  return crypto.subtle.importKey('pkcs8', der, EC_P256, false, ['sign']);
}
