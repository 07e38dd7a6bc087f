import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KeyUsageFlags, issue } from './certificates';

export interface IdentityProvider {
  readonly issuer: string;
  /** PEM file of the authority that its certificate is from. */
  readonly caFile: string;
  readonly ca: string;
  close(): Promise<void>;
}

const PROGRAM = resolve('test/support/identity-provider-program.mjs');

/** Starts the provider as a process of its own, with a certificate for 127.0.0.1; its files go into `directory`. */
export async function startIdentityProvider(directory: string, redirectUri: string): Promise<IdentityProvider> {
  const certificate = await issue({
    name: '127.0.0.1',
    authority: true,
    keyUsage: KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature,
    addresses: ['127.0.0.1'],
  });
  const [caFile, keyFile] = [join(directory, 'provider.pem'), join(directory, 'provider.key')];
  await Promise.all([writeFile(caFile, certificate.pem), writeFile(keyFile, certificate.keyPem, { mode: 0o600 })]);
  const child = spawn(process.execPath, [PROGRAM, caFile, keyFile, redirectUri], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const issuer = await new Promise<string>((settle, refuse) => {
    const collect = (chunk: Buffer): void => {
      said += chunk.toString();
      const [, found] = /^issuer (\S+)$/m.exec(said) ?? [];
      if (found !== undefined) settle(found);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('exit', () => refuse(new Error(`the identity provider ended: ${said}`)));
  });
  return {
    issuer,
    caFile,
    ca: certificate.pem,
    close: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
