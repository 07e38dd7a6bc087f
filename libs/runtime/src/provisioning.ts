import { IncomingMessage, ServerResponse } from 'node:http';
import { DynamicModule, Module, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AmqpServer, DeviceCaller, MqttServer, ProvisioningMqtt, createFastifyAdapter } from '@app/device-protocols';
import { HubGateway } from '@app/hub-gateway';
import { Configuration, ConnectionMetrics, DataDirectory, Logger, NestLogger, SecretBox, Shutdown } from '@app/platform';
import { startProjections } from '@app/postgres';
import {
  AuditHistoryModule,
  CampaignsModule,
  ConnectionsModule,
  LatenciesModule,
  DeviceApi,
  ErasureModule,
  FeedModule,
  FleetStatusModule,
  EdgeErrorFilter,
  HealthModule,
  IntegrityModule,
  ManagementModule,
  ReprovisionModule,
  OpenApiDocument,
  PolicyAccessControl,
  PolicyPreviewModule,
  ProjectionRebuildsModule,
  RegistrationSettings,
  RegistrationsModule,
  RegistrationsServiceModule,
  TimeTravelModule,
  WebhooksModule,
  WhyModule,
  operatorRoles,
  rights,
} from '@app/provisioning';
import { ChainedLogs, startSigning } from './audit-trail';
import { allocationSettings } from './allocation-settings';
import { startAmqp } from './amqp';
import { dashboardOf } from './dashboard';
import { startFeed } from './feed';
import { linkHubsOnFirstStart } from './first-start';
import { healthChecks } from './health-checks';
import { openHubLog } from './hub-log';
import { startHubTwins } from './hub-twins';
import { SERVICE_POLICY, serviceHostNames } from './names';
import { startProcessManagers } from './process-managers';
import { PartsModule } from './parts.module';
import { PostgresProjectionRebuilder } from './projection-rebuilder';
import { projections as allProjections } from './projections';
import { Storage } from './storage';

export interface ProvisioningOptions {
  readonly configuration: Configuration;
  readonly data: DataDirectory;
  readonly storage: Storage;
  readonly secretBox: SecretBox;
  readonly gateway: HubGateway;
  readonly metrics: ConnectionMetrics;
  readonly auditTrail: ChainedLogs;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

export interface Provisioning {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Devices over MQTT; undefined in a process that does not answer devices. The caller closes it. */
  readonly mqtt: MqttServer<DeviceCaller> | undefined;
  /** Devices over AMQP; undefined in a process that does not answer devices. The caller closes it. */
  readonly amqp: AmqpServer | undefined;
  /** To be called when the listener answers: hubs can be reached now, so that what stands still can be taken up. */
  open(ownHubs: readonly { hostName: string; connectionString: string }[]): Promise<void>;
}

/** In this order their routes are looked at; the management API's ends with those that are unknown. */
const features: readonly Type[] = [
  RegistrationsModule,
  RegistrationsServiceModule,
  ReprovisionModule,
  TimeTravelModule,
  WhyModule,
  AuditHistoryModule,
  CampaignsModule,
  ErasureModule,
  IntegrityModule,
  FeedModule,
  PolicyPreviewModule,
  FleetStatusModule,
  WebhooksModule,
  ProjectionRebuildsModule,
  ManagementModule,
  ConnectionsModule,
  LatenciesModule,
];

@Module({})
class ProvisioningModule {}

/** The provisioning service as one Nest application that does not listen by itself, with its projections and process managers. */
export async function startProvisioning(options: ProvisioningOptions): Promise<Provisioning> {
  const { configuration, data, storage, gateway, secretBox, log, shutdown } = options;
  const { roles } = configuration;
  const { idScope, serviceKey, apiToken } = data.credentials;
  const { store, asStored } = await storage.openProvisioningStore();
  if (roles.includes('worker')) startSigning(options.auditTrail, storage.config, log, shutdown);
  const projections = await startProjections({
    store: asStored,
    config: storage.config,
    projections: allProjections,
    run: roles.includes('worker'),
    log,
  });
  shutdown.add('projections', () => projections.stop());

  const access = new PolicyAccessControl({
    hostNames: serviceHostNames(configuration),
    policies: [
      { name: SERVICE_POLICY, primaryKey: serviceKey, rights },
      ...configuration.sasPolicies.map((policy) => ({ ...policy, primaryKey: policy.key })),
    ],
    operators: [
      { name: 'administrator', token: apiToken, rights },
      ...configuration.operatorTokens.map(({ role, ...operator }) => ({ ...operator, rights: operatorRoles[role] })),
    ],
  });
  const allocation = await allocationSettings(configuration);
  const { registerWaitMs, retryAfterS, defaultAllocationPolicy } = configuration;
  const parts = PartsModule.with({
    store,
    asStored,
    gateway,
    hubTwins: await startHubTwins({ configuration, storage, log, shutdown }),
    hubLog: await openHubLog(configuration, storage),
    secretBox,
    auditTrail: options.auditTrail,
    subjectKeys: storage.subjectKeys,
    access,
    connections: options.metrics,
    log,
    projections,
    rebuilder: new PostgresProjectionRebuilder(asStored, storage.config, log),
    reprovisionMethod: configuration.reprovisionMethod,
    feed: configuration.feed,
    readDatabase: storage.readDatabase,
    healthChecks: healthChecks(store, storage.readDatabase, projections),
    settings: new RegistrationSettings(idScope, registerWaitMs, retryAfterS, defaultAllocationPolicy, allocation),
  });
  const app = await createApplication(parts, featuresOf(configuration), log);
  shutdown.add('application', () => app.close());
  const fastify = app.getHttpAdapter().getInstance();
  return {
    handler: (request, response) => fastify.routing(request, response),
    mqtt: roles.includes('api') ? await startMqtt(app.get(DeviceApi), options.metrics) : undefined,
    amqp: roles.includes('api') ? startAmqp(app, options.metrics) : undefined,
    open: async (ownHubs) => {
      if (roles.includes('api')) await linkHubsOnFirstStart(store, app.get(CommandBus), ownHubs);
      const { readDatabase } = storage;
      startFeed({ app, configuration, store, config: storage.config, readDatabase, secretBox, log, shutdown });
      if (roles.includes('worker')) {
        await startProcessManagers({ app, configuration, store, projections, readDatabase, log, shutdown });
      }
    },
  };
}

function startMqtt(service: DeviceApi, metrics: ConnectionMetrics): Promise<MqttServer<DeviceCaller>> {
  return MqttServer.start({ application: new ProvisioningMqtt(service, metrics), metrics });
}

function featuresOf(configuration: Configuration): (Type | DynamicModule)[] {
  const { roles } = configuration;
  if (!roles.includes('api') && !roles.includes('worker')) return [HealthModule];
  return [HealthModule, ...dashboardOf(configuration), ...features];
}

async function createApplication(
  parts: DynamicModule,
  imports: (Type | DynamicModule)[],
  log: Logger,
): Promise<NestFastifyApplication> {
  const root: DynamicModule = { module: ProvisioningModule, imports: [parts, ...imports] };
  const app = await NestFactory.create<NestFastifyApplication>(root, createFastifyAdapter(), {
    logger: new NestLogger(log),
    abortOnError: false,
  });
  if (imports.includes(ManagementModule)) app.get(OpenApiDocument).publish(app);
  app.useGlobalFilters(new EdgeErrorFilter());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}
