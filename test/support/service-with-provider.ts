import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityProvider, startIdentityProvider } from './identity-provider';
import { RunningService, startService } from './running-service';

export interface ServiceWithProvider {
  readonly provider: IdentityProvider;
  readonly service: RunningService;
  /** Address of the dashboard as it is registered at the provider. */
  readonly dashboard: string;
  /** For another process beside it, and for a restart. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A service at which people sign in by an identity provider on loopback; their groups are in the provider's program. */
export async function startServiceWithProvider(more: Readonly<Record<string, string>> = {}): Promise<ServiceWithProvider> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-oidc-'));
  const port = await freePort();
  const dashboard = `https://localhost:${port}/dashboard`;
  const provider = await startIdentityProvider(directory, `${dashboard}/oidc/callback`);
  const environment = {
    REHOME_HTTPS_PORT: String(port),
    REHOME_OIDC_ISSUER: provider.issuer,
    REHOME_OIDC_CLIENT_ID: 'rehome',
    REHOME_OIDC_CLIENT_SECRET: 'a secret of the client',
    REHOME_OIDC_SCOPE: 'openid email groups',
    REHOME_OIDC_REQUIRED_CLAIM: 'groups=operators',
    REHOME_OIDC_ROLES: 'admins=administrator;field=operator;audit=auditor',
    NODE_EXTRA_CA_CERTS: provider.caFile,
    ...more,
  };
  const service = await startService(environment);
  return {
    provider,
    service,
    dashboard,
    environment,
    close: async () => {
      await service.close();
      await provider.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Registered at the provider before the service is there. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
