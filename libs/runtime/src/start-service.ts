import { join } from 'node:path';
import { IotHubGateway } from '@app/hub-gateway';
import {
  Configuration,
  ConnectionMetrics,
  DataDirectory,
  Logger,
  SecretBox,
  Shutdown,
  TlsMaterial,
  armFailpoints,
  loadTls,
  openDataDirectory,
} from '@app/platform';
import { ReferenceHub, createReferenceHub } from '@app/reference-hub';
import { openAuditTrail } from './audit-trail';
import { DeviceProtocol, OpenDoors, openDoors } from './doors';
import { greeting } from './greeting';
import { openHubSnapshots } from './hub-snapshots';
import { HUB_POLICY, hubConnectionString, serviceConnectionString, serviceHostNames } from './names';
import { Provisioning, startProvisioning } from './provisioning';
import { Storage, openStorage } from './storage';

export interface RunningService {
  readonly port: number;
  /** For a person: addresses, credentials, what to do next. */
  readonly greeting: string;
  readonly clientEnvFile: string;
}

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
  const secretBox = new SecretBox(data.credentials.secretKey);
  const macKey = secretBox.deriveKey('event chain');
  const keys = { macKey, wrappingKey: secretBox.deriveKey('keys of subjects') };
  const storage = await openStorage(configuration, data.path, keys, log, shutdown);

  const port = { current: configuration.httpsPort };
  const gateway = new IotHubGateway({
    ca: tls.ca,
    // Hubs of other processes are where hubs are, on 443.
    portOf: (hostName) => (hubNames.includes(hostName) ? port.current : undefined),
    log,
  });
  shutdown.add('hub gateway', () => gateway.close());
  const metrics = new ConnectionMetrics(log);
  if (configuration.hubs.length > 0) await storage.openHubStore();
  const directory = configuration.auditDir ?? join(data.path, 'audit');
  const auditTrail = await openAuditTrail({ directory, logs: storage.adapters, macKey });
  const hubs = await startHubs({ hostNames: hubNames, storage, data, secretBox, metrics, log, shutdown });
  const provisioning = await startProvisioning({
    configuration,
    data,
    storage,
    auditTrail,
    secretBox,
    gateway,
    metrics,
    log,
    shutdown,
  });

  const doors = await openDoors({
    configuration,
    tls,
    service: provisioning.handler,
    hubs: hubs && { hostNames: hubs.hostNames, handler: hubs.handler },
    protocols: [mqttProtocol(configuration, provisioning, hubs), amqpProtocol(configuration, provisioning)],
    metrics,
    shutdown,
  });
  port.current = doors.httpsPort;
  // Added last, so that devices in the middle of a call are answered before their connections are cut.
  shutdown.add('mqtt', () => provisioning.mqtt?.close());
  shutdown.add('amqp', () => provisioning.amqp?.close());
  await provisioning.open(
    configuration.hubs.map((hostName) => ({ hostName, connectionString: hubConnectionString(hostName, data.credentials) })),
  );
  return introduce(configuration, data, tls, doors);
}

/** A hub's devices and devices that look for their hub come in at the same ports; the name they call tells them apart. */
function mqttProtocol({ mqttPort }: Configuration, { mqtt }: Provisioning, hubs: ReferenceHub | undefined): DeviceProtocol {
  return {
    name: 'mqtt',
    subprotocol: 'mqtt',
    port: mqttPort,
    portVariable: 'REHOME_MQTT_PORT',
    service: mqtt?.handle,
    hubs: hubs && { hostNames: hubs.hostNames, handler: hubs.handleMqtt },
  };
}

function amqpProtocol({ amqpPort }: Configuration, { amqp }: Provisioning): DeviceProtocol {
  return {
    name: 'amqp',
    subprotocol: 'AMQPWSB10',
    port: amqpPort,
    portVariable: 'REHOME_AMQP_PORT',
    service: amqp?.handle,
    hubs: undefined,
  };
}

interface HubsOptions {
  readonly hostNames: readonly string[];
  readonly storage: Storage;
  readonly data: DataDirectory;
  readonly secretBox: SecretBox;
  readonly metrics: ConnectionMetrics;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

async function startHubs(options: HubsOptions): Promise<ReferenceHub | undefined> {
  const { hostNames, storage, data, secretBox, metrics, log, shutdown } = options;
  if (hostNames.length === 0) return undefined;
  const hubs = await createReferenceHub({
    ...(await storage.openHubStore()),
    eraseSubject: async (subject) => {
      await storage.subjectKeys.retire(subject);
      await storage.subjectKeys.destroy(subject);
    },
    secretBox,
    snapshots: await openHubSnapshots({ config: storage.config, secretBox, log, shutdown }),
    logger: log,
    onRefused: (refusal) => metrics.refused(refusal),
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

async function introduce(
  configuration: Configuration,
  data: DataDirectory,
  tls: TlsMaterial,
  doors: OpenDoors,
): Promise<RunningService> {
  const port = doors.httpsPort;
  const mqttPort = doors.portOf('mqtt');
  const amqpPort = doors.portOf('amqp');
  const endpoint = serviceHostNames(configuration)[0] ?? 'localhost';
  const { credentials } = data;
  const clientEnvFile = await data.writeClientEnv({
    endpoint,
    idScope: credentials.idScope,
    serviceConnectionString: serviceConnectionString(endpoint, credentials),
    hubConnectionStrings: configuration.hubs.map((hostName) => hubConnectionString(hostName, credentials)),
    caFile: tls.caFile,
    httpsPort: port,
    mqttPort,
    amqpPort,
    apiToken: credentials.apiToken,
  });
  const { idScope } = credentials;
  const { hubs } = configuration;
  const facts = { port, mqttPort, amqpPort, endpoint, idScope, hubs, dataDir: data.path, caFile: tls.caFile, clientEnvFile };
  return { port, clientEnvFile, greeting: greeting(facts) };
}
