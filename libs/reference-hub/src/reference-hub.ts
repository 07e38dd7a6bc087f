import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { EventStore, Log, silentLog, SnapshotStore } from '@app/event-sourcing';
import { admit } from './access/hub-call';
import { DEVICE_ID_CHARACTERS_MAX } from './devices/device-id';
import { fillDirectories } from './devices/device-directory';
import { deviceSnapshots } from './devices/device-snapshots';
import { DeviceSideController } from './http/device-side.controller';
import { HubErrorFilter } from './http/hub-error.filter';
import { BODY_BYTES_MAX, registerJsonBody } from './http/json-body';
import { MethodsController } from './http/methods.controller';
import { ModuleTwinsController } from './http/module-twins.controller';
import { ModulesController } from './http/modules.controller';
import { RegistryController } from './http/registry.controller';
import { RehomeController } from './http/rehome.controller';
import { StatisticsController } from './http/statistics.controller';
import { TwinsController } from './http/twins.controller';
import { Hub, HubSettings } from './hub';
import { HubBroker } from './mqtt/hub-broker';
import { MqttConnection, MqttRefusal, OnRefused } from './mqtt/mqtt-connection';
import { SecretBox } from './secret-box.port';

/** A character takes at most 12 when it is percent-encoded. */
const PATH_PARAMETER_CHARACTERS_MAX = DEVICE_ID_CHARACTERS_MAX * 12;

export interface ReferenceHubOptions {
  /** Holds the hubs' devices. No other process may serve the same hubs from it. */
  readonly store: EventStore;
  /** The same log with contents as they are stored, where `store` opens what is sealed; `store` when left out. */
  readonly asStored?: Pick<EventStore, 'subscribeToAll'>;
  /** Seals the devices' keys before they are stored. */
  readonly secretBox: SecretBox;
  readonly hubs: readonly HubSettings[];
  /** Spares the fold of a device's whole past when it is met first. They hold twins, and may be lost without harm. */
  readonly snapshots?: SnapshotStore;
  /** Destroys the key of one of whom the log holds something sealed. */
  readonly eraseSubject?: (subject: string) => Promise<unknown>;
  readonly clock?: () => Date;
  readonly logger?: Log;
  /** Devices that are not let in over MQTT, or are sent away; written to the log when left out. */
  readonly onRefused?: OnRefused;
}

export interface ReferenceHub {
  /** Takes the requests of all hubs; they are told apart by their Host header. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes the MQTT connections of all hubs, told apart by the name that the client called; owns them from then on. */
  readonly handleMqtt: (connection: MqttConnection) => void;
  /** In lower case. */
  readonly hostNames: readonly string[];
  /** Leaves the stores open. */
  close(): Promise<void>;
}

@Module({
  controllers: [
    RegistryController,
    TwinsController,
    DeviceSideController,
    MethodsController,
    ModulesController,
    ModuleTwinsController,
    RehomeController,
    StatisticsController,
  ],
})
class ReferenceHubModule {}

/** Errors are the filter's to log, and bodies are read by a parser of our own. */
const nestOptions = { logger: false, abortOnError: false, bodyParser: false } as const;

/** IoT hubs for a system without a cloud account: one application, which does not listen by itself. */
export async function createReferenceHub(options: ReferenceHubOptions): Promise<ReferenceHub> {
  const { store, secretBox, clock = () => new Date(), logger = silentLog } = options;
  const hubs = new Map<string, Hub>();
  const snapshots = options.snapshots && deviceSnapshots(options.snapshots, logger);
  for (const settings of options.hubs) {
    const hub = new Hub(settings, { store, secretBox, clock, snapshots, eraseSubject: options.eraseSubject });
    if (hubs.has(hub.hostName)) throw new Error(`hub ${hub.hostName} is named twice`);
    hubs.set(hub.hostName, hub);
  }
  const app = await createApplication(hubs, new HubErrorFilter(logger, clock));
  const fastify = app.getHttpAdapter().getInstance();
  const closing = new AbortController();
  const directories = new Map([...hubs].map(([name, hub]) => [name, hub.devices.directory]));
  const filled = fillDirectories(options.asStored ?? store, directories, closing.signal, logger);
  const onRefused = options.onRefused ?? ((refusal: MqttRefusal) => logger.info(refusal, 'a device was refused at a hub'));
  const brokers = await startBrokers(hubs, onRefused);
  return {
    hostNames: [...hubs.keys()],
    handler: (request, response) => fastify.routing(request, response),
    handleMqtt: (connection) => {
      const broker = brokers.get(connection.hostName.toLowerCase());
      if (broker === undefined) connection.stream.destroy();
      else broker.handle(connection);
    },
    close: async () => {
      closing.abort();
      for (const hub of hubs.values()) hub.connections.closeAll();
      await Promise.all([...brokers.values()].map((broker) => broker.close()));
      await filled;
      await app.close();
      await snapshots?.settled();
    },
  };
}

async function startBrokers(hubs: ReadonlyMap<string, Hub>, onRefused: OnRefused): Promise<ReadonlyMap<string, HubBroker>> {
  const brokers = new Map<string, HubBroker>();
  for (const [name, hub] of hubs) brokers.set(name, await HubBroker.start(hub, onRefused));
  return brokers;
}

async function createApplication(hubs: ReadonlyMap<string, Hub>, filter: HubErrorFilter): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: PATH_PARAMETER_CHARACTERS_MAX },
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => randomUUID(),
  });
  const instance = adapter.getInstance<FastifyInstance>();
  registerJsonBody(instance);
  instance.addHook('onRequest', (request) => admit(request, hubs));
  const app = await NestFactory.create<NestFastifyApplication>(ReferenceHubModule, adapter, nestOptions);
  app.useGlobalFilters(filter);
  await app.init();
  await instance.ready();
  return app;
}
