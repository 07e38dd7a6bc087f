import { IotHubGateway } from '@app/hub-gateway';
import {
  Configuration,
  DataDirectory,
  Listener,
  Logger,
  SecretBox,
  Shutdown,
  TlsMaterial,
  armFailpoints,
  createListener,
  loadTls,
  openDataDirectory,
} from '@app/platform';
import { ReferenceHub, createReferenceHub } from '@app/reference-hub';
import { greeting } from './greeting';
import { HUB_POLICY, hubConnectionString, serviceConnectionString, serviceHostNames } from './names';
import { Provisioning, startProvisioning } from './provisioning';
import { Storage, openStorage } from './storage';

export interface RunningService {
  readonly port: number;
  /** For a person: addresses, credentials, what to do next. */
  readonly greeting: string;
  readonly clientEnvFile: string;
}

/** A listener that takes long has clients that do not leave. */
const LISTENER_STOP_TIMEOUT_MS = 15_000;

/**
 * Starts the parts that `configuration.roles` names, in one process on one TLS listener. Everything started is added to
 * `shutdown`, last one stopped first, also when a later part fails to start.
 *
 * Errors: `ConfigurationError`, `DataDirectoryError`, `EmbeddedPostgresError`, `ListenError`, each with one clear line.
 */
export async function startService(configuration: Configuration, log: Logger, shutdown: Shutdown): Promise<RunningService> {
  armFailpoints(configuration.failpoints);
  const { roles } = configuration;
  const hubNames = roles.includes('hubs') ? configuration.hubs : [];
  const data = await openDataDirectory(configuration.dataDir, { given: configuration, hubs: configuration.hubs });
  shutdown.add('data directory', () => data.release());
  const tls = await loadTls(data.path, [...configuration.hostNames, ...configuration.hubs], configuration.tls);
  const storage = await openStorage(configuration, data.path, log, shutdown);
  const secretBox = new SecretBox(data.credentials.secretKey);

  const port = { current: configuration.httpsPort };
  const gateway = new IotHubGateway({
    ca: tls.ca,
    // Hubs of other processes are where hubs are, on 443.
    portOf: (hostName) => (hubNames.includes(hostName) ? port.current : undefined),
    log,
  });
  shutdown.add('hub gateway', () => gateway.close());
  const hubs = await startHubs(hubNames, storage, data, secretBox, log, shutdown);
  const provisioning = await startProvisioning({ configuration, data, storage, secretBox, gateway, log, shutdown });

  const listener = await listen(configuration, tls, provisioning, hubs);
  port.current = listener.port;
  shutdown.add('listener', () => listener.close(), LISTENER_STOP_TIMEOUT_MS);
  await provisioning.open(
    configuration.hubs.map((hostName) => ({ hostName, connectionString: hubConnectionString(hostName, data.credentials) })),
  );
  return introduce(configuration, data, tls, listener.port);
}

async function startHubs(
  hostNames: readonly string[],
  storage: Storage,
  data: DataDirectory,
  secretBox: SecretBox,
  log: Logger,
  shutdown: Shutdown,
): Promise<ReferenceHub | undefined> {
  if (hostNames.length === 0) return undefined;
  const hubs = await createReferenceHub({
    store: await storage.openHubStore(),
    secretBox,
    logger: log,
    hubs: hostNames.map((hostName) => ({
      hostName,
      policies: [
        {
          name: HUB_POLICY,
          key: data.credentials.hubOwnerKey(hostName),
          rights: ['RegistryRead', 'RegistryWrite', 'ServiceConnect'],
        },
      ],
    })),
  });
  shutdown.add('reference hubs', () => hubs.close());
  return hubs;
}

function listen(
  configuration: Configuration,
  tls: TlsMaterial,
  provisioning: Provisioning,
  hubs: ReferenceHub | undefined,
): Promise<Listener> {
  return createListener({
    tls,
    port: configuration.httpsPort,
    address: configuration.listenAddress,
    routes: hubs === undefined ? [] : [{ hostNames: hubs.hostNames, handler: hubs.handler }],
    fallback: provisioning.handler,
  });
}

async function introduce(
  configuration: Configuration,
  data: DataDirectory,
  tls: TlsMaterial,
  port: number,
): Promise<RunningService> {
  const endpoint = serviceHostNames(configuration)[0] ?? 'localhost';
  const { credentials } = data;
  const clientEnvFile = await data.writeClientEnv({
    endpoint,
    idScope: credentials.idScope,
    serviceConnectionString: serviceConnectionString(endpoint, credentials),
    hubConnectionStrings: configuration.hubs.map((hostName) => hubConnectionString(hostName, credentials)),
    caFile: tls.caFile,
    httpsPort: port,
    apiToken: credentials.apiToken,
  });
  const { idScope } = credentials;
  const facts = { port, endpoint, idScope, hubs: configuration.hubs, dataDir: data.path, caFile: tls.caFile, clientEnvFile };
  return { port, clientEnvFile, greeting: greeting(facts) };
}
