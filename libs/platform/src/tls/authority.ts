import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_FILE_MODE, PUBLIC_FILE_MODE, writeFileAtomically } from '../data-directory/atomic-file';
import { issueAuthority, issueServerCertificate, Issued } from './issue';

/** PEM text of what a TLS listener needs, and the path of the authority for clients. */
export interface TlsMaterial {
  readonly ca: string;
  /** Server certificate, followed by its chain if it has one. */
  readonly cert: string;
  readonly key: string;
  readonly caFile: string;
}

const DAY_MS = 86_400_000;
/** A certificate with less than this left is replaced at start. */
export const RENEW_BEFORE_MS = 30 * DAY_MS;

/**
 * The development authority and a server certificate for `localhost`, the loopback addresses and `hostNames`, kept in `tls/` of the
 * data directory. The authority stays for ten years, so that clients need to trust it once; the server certificate is made anew
 * when the names change, it nears its end, or its files do not belong together.
 */
export async function ensureAuthority(
  dataDir: string,
  hostNames: readonly string[],
  now: Date = new Date(),
): Promise<TlsMaterial> {
  const directory = join(dataDir, 'tls');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const caFile = join(directory, 'ca.pem');
  const caFiles = { cert: caFile, key: join(directory, 'ca-key.pem') };
  const serverFiles = { cert: join(directory, 'server.pem'), key: join(directory, 'server-key.pem') };

  const authority = (await readUsable(caFiles, now)) ?? (await keep(caFiles, await issueAuthority(webcrypto, now)));
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hostNames.map((name) => name.toLowerCase())])];
  const before = await readUsable(serverFiles, now);
  const fits = before !== undefined && isIssuedBy(before.cert, authority.cert) && hasNames(before.cert, names);
  const server = fits ? before : await keep(serverFiles, await issueServerCertificate(webcrypto, authority, names, now));
  return { ca: authority.cert, cert: server.cert, key: server.key, caFile };
}

interface Files {
  readonly cert: string;
  readonly key: string;
}

async function keep(files: Files, issued: Issued): Promise<Issued> {
  await writeFileAtomically(files.key, issued.key, PRIVATE_FILE_MODE);
  await writeFileAtomically(files.cert, issued.cert, PUBLIC_FILE_MODE);
  return issued;
}

/** undefined when the pair is missing, damaged, mixed up (a crash between the two writes) or near its end. */
async function readUsable(files: Files, now: Date): Promise<Issued | undefined> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
    const parsed = new X509Certificate(cert);
    const lasting = Date.parse(parsed.validTo) - now.getTime() > RENEW_BEFORE_MS;
    return lasting && parsed.checkPrivateKey(createPrivateKey(key)) ? { cert, key } : undefined;
  } catch {
    return undefined;
  }
}

function isIssuedBy(cert: string, ca: string): boolean {
  const authority = new X509Certificate(ca);
  return new X509Certificate(cert).checkIssued(authority) && new X509Certificate(cert).verify(authority.publicKey);
}

function hasNames(cert: string, names: readonly string[]): boolean {
  const present = alternativeNames(cert);
  return present.length === names.length && names.every((name) => present.includes(canonicalAddress(name)));
}

/** Subject alternative names without their kinds, addresses in the long form that node prints. */
function alternativeNames(cert: string): readonly string[] {
  const text = new X509Certificate(cert).subjectAltName ?? '';
  return text.split(', ').map((entry) => canonicalAddress(entry.replace(/^(DNS|IP Address):/, '').toLowerCase()));
}

/** One spelling for every spelling of an IPv6 address. */
function canonicalAddress(name: string): string {
  return name.includes(':') ? new URL(`http://[${name}]`).hostname : name;
}
