import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError, TlsFiles } from '../configuration/configuration';
import { ensureAuthority, TlsMaterial } from './authority';

/**
 * The operator's own certificate when there is one, the development authority's otherwise. With an own certificate and no
 * authority file, clients are pointed at the certificate file itself.
 *
 * Errors: `ConfigurationError` when an own file cannot be read or the key does not belong to the certificate.
 */
export async function loadTls(dataDir: string, hostNames: readonly string[], own: TlsFiles | undefined): Promise<TlsMaterial> {
  if (own === undefined) return ensureAuthority(dataDir, hostNames);
  const cert = await readPem('REHOME_TLS_CERT_FILE', own.certFile);
  const key = await readPem('REHOME_TLS_KEY_FILE', own.keyFile);
  const caFile = resolve(own.caFile ?? own.certFile);
  const ca = own.caFile === undefined ? cert : await readPem('REHOME_CA_FILE', own.caFile);
  if (!belongTogether(cert, key)) {
    throw new ConfigurationError(['REHOME_TLS_KEY_FILE must hold the private key of the certificate in REHOME_TLS_CERT_FILE']);
  }
  return { ca, cert, key, caFile };
}

async function readPem(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigurationError([`${variable} must name a file that can be read (${path}: ${reason})`]);
  }
}

function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
