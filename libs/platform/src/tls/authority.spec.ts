import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureAuthority } from './authority';
import { ConfigurationError } from '../configuration/configuration';
import { loadTls } from './load-tls';

const DAY_MS = 86_400_000;

describe('the development authority', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'rehome-tls-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('issues a server certificate for the loopback names and the names asked for', async () => {
    const { ca, cert, caFile } = await ensureAuthority(directory, ['hub-a.localhost', 'Gate.Example', '10.0.0.7', 'fd00::7']);
    const server = new X509Certificate(cert);
    const authority = new X509Certificate(ca);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(server.checkIssued(authority)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(server.ca).toBe(false);
    for (const name of ['localhost', 'hub-a.localhost', 'gate.example']) expect(server.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '10.0.0.7', 'fd00::7']) expect(server.checkIP(address)).toBe(address);
    expect(server.checkHost('elsewhere.example')).toBeUndefined();
    expect(server.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(await readFile(caFile, 'utf8')).toBe(ca);
  });

  it('keeps private keys to their owner', async () => {
    await ensureAuthority(directory, []);
    for (const name of ['ca-key.pem', 'server-key.pem']) {
      expect((await stat(join(directory, 'tls', name))).mode & 0o777).toBe(0o600);
    }
  });

  it('gives the same certificate again while nothing changed', async () => {
    const first = await ensureAuthority(directory, ['hub-a.localhost', 'fd00:0:0::7']);
    expect(await ensureAuthority(directory, ['HUB-A.localhost', 'fd00::7'])).toEqual(first);
  });

  it('renews the server certificate and keeps the authority when the names change', async () => {
    const first = await ensureAuthority(directory, ['hub-a.localhost']);
    const second = await ensureAuthority(directory, ['hub-b.localhost']);
    expect(second.ca).toBe(first.ca);
    expect(second.cert).not.toBe(first.cert);
    expect(new X509Certificate(second.cert).checkHost('hub-b.localhost')).toBe('hub-b.localhost');
    expect(new X509Certificate(second.cert).checkHost('hub-a.localhost')).toBeUndefined();
  });

  it('renews the server certificate before it ends', async () => {
    const start = new Date('2030-01-01T00:00:00Z');
    const first = await ensureAuthority(directory, [], start);
    expect(await ensureAuthority(directory, [], new Date(start.getTime() + 360 * DAY_MS))).toEqual(first);
    const later = await ensureAuthority(directory, [], new Date(start.getTime() + 380 * DAY_MS));
    expect(later.ca).toBe(first.ca);
    expect(later.cert).not.toBe(first.cert);
  });

  it('heals after a crash between the writing of key and certificate', async () => {
    const first = await ensureAuthority(directory, []);
    await writeFile(join(directory, 'tls', 'server-key.pem'), await readFile(join(directory, 'tls', 'ca-key.pem')));
    const second = await ensureAuthority(directory, []);
    expect(second.ca).toBe(first.ca);
    expect(second.cert).not.toBe(first.cert);
    expect(await ensureAuthority(directory, [])).toEqual(second);
  });
});

describe("the operator's own certificate", () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'rehome-tls-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('is used as it is', async () => {
    const { ca, cert, key, caFile } = await ensureAuthority(directory, []);
    const [certFile, keyFile] = [join(directory, 'tls', 'server.pem'), join(directory, 'tls', 'server-key.pem')];
    expect(await loadTls(directory, [], { certFile, keyFile, caFile })).toEqual({ ca, cert, key, caFile });
    expect(await loadTls(directory, [], { certFile, keyFile, caFile: undefined })).toEqual({
      ca: cert,
      cert,
      key,
      caFile: certFile,
    });
  });

  it('is refused in one line when a file is missing or the key is another one', async () => {
    const { caFile } = await ensureAuthority(directory, []);
    const [certFile, keyFile] = [join(directory, 'tls', 'server.pem'), join(directory, 'tls', 'ca-key.pem')];
    const missing = join(directory, 'nothing.pem');
    await expect(loadTls(directory, [], { certFile, keyFile: missing, caFile })).rejects.toThrow(
      new ConfigurationError([`REHOME_TLS_KEY_FILE must name a file that can be read (${missing}: ENOENT)`]),
    );
    await expect(loadTls(directory, [], { certFile, keyFile, caFile })).rejects.toThrow(/^REHOME_TLS_KEY_FILE must hold/);
  });
});
