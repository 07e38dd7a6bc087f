import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamicModule, Module } from '@nestjs/common';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { createFastifyAdapter } from '@app/device-protocols';
import { EventStore } from '@app/event-sourcing';
import { ensureAuthority, SecretBox } from '@app/platform';
import { openPool, PgReadDatabase, PostgresEventStore, startProjections } from '@app/postgres';
import {
  ACCESS_CONTROL,
  CLOCK,
  EnrollmentsModule,
  EVENT_STORE,
  PolicyAccessControl,
  PROJECTION_MONITOR,
  READ_DATABASE,
  Right,
  rights,
  SECRET_BOX,
  STORED_EVENTS,
} from '@app/provisioning';
import { EdgeErrorFilter } from '@app/provisioning/management/problem.filter';
import { enrollmentsProjection } from '@app/provisioning/read-models/enrollments.projection';
import { Answer, call, closeAgents, Endpoint, sasToken, serviceClient } from './clients';
import { createTestDatabase } from './postgres';

export interface ServiceApi {
  readonly store: EventStore;
  /** PEM of a certificate for `localhost` and of the authority that signed it. */
  readonly certificates: { readonly leaf: string; readonly authority: string };
  /** The unmodified SDK client, with all rights unless told otherwise. */
  client(policy?: string): ProvisioningServiceClient;
  /** A request as no SDK sends it. */
  request(method: string, path: string, options?: RawRequest): Promise<Answer>;
  close(): Promise<void>;
}

export interface RawRequest {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose token; null sends none. */
  readonly policy?: string | null;
}

const HOST = 'localhost';
const OWNER = 'provisioningserviceowner';

/** Shared access policies of the test instance; all have the same key. */
const policies: Readonly<Record<string, readonly Right[]>> = {
  [OWNER]: rights,
  reader: ['EnrollmentRead'],
  registrations: ['RegistrationStatusRead', 'RegistrationStatusWrite'],
};

@Module({})
class Surroundings {}

/** What a composition root provides to the feature modules. */
function surroundings(provided: Readonly<Record<symbol, unknown>>): DynamicModule {
  const tokens = Object.getOwnPropertySymbols(provided);
  const providers = tokens.map((provide) => ({ provide, useValue: provided[provide] }));
  return { module: Surroundings, global: true, providers, exports: tokens };
}

/** The Service API over HTTPS on loopback: events and the read model in a database of its own. */
export async function startServiceApi(): Promise<ServiceApi> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-service-api-'));
  const tls = await ensureAuthority(directory, []);
  const database = await createTestDatabase();
  const pool = openPool(database.config, { applicationName: 'service-api test', max: 4 });
  const store = await PostgresEventStore.open({ config: database.config });
  const projections = await startProjections({ store, config: database.config, projections: [enrollmentsProjection] });
  const key = randomBytes(32).toString('base64');
  const app = await createApplication(tls, {
    [EVENT_STORE]: store,
    [STORED_EVENTS]: store,
    [SECRET_BOX]: new SecretBox(randomBytes(32)),
    [ACCESS_CONTROL]: accessControl(key),
    [CLOCK]: () => new Date(),
    [READ_DATABASE]: new PgReadDatabase(pool),
    [PROJECTION_MONITOR]: projections,
  });
  await app.listen(0, '127.0.0.1');
  const endpoint: Endpoint = { port: (app.getHttpServer().address() as AddressInfo).port, ca: tls.ca };
  return {
    store,
    certificates: { leaf: tls.cert, authority: tls.ca },
    client: (policy = OWNER) => serviceClient(endpoint, `HostName=${HOST};SharedAccessKeyName=${policy};SharedAccessKey=${key}`),
    request: (method, path, { body, policy = OWNER, headers = {} } = {}) => {
      const authorized = policy === null ? headers : { authorization: sasToken(HOST, key, policy), ...headers };
      return call(endpoint, { method, host: HOST, path, body, headers: authorized });
    },
    close: async () => {
      closeAgents();
      await app.close();
      await projections.stop();
      await store.close();
      await pool.end();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
}

async function createApplication(
  tls: { readonly cert: string; readonly key: string },
  provided: Readonly<Record<symbol, unknown>>,
): Promise<NestFastifyApplication> {
  const testing = await Test.createTestingModule({ imports: [surroundings(provided), EnrollmentsModule] }).compile();
  const adapter = createFastifyAdapter({ https: { cert: tls.cert, key: tls.key } });
  const app = testing.createNestApplication<NestFastifyApplication>(adapter);
  app.useGlobalFilters(new EdgeErrorFilter());
  return app;
}

function accessControl(primaryKey: string): PolicyAccessControl {
  const entries = Object.entries(policies).map(([name, granted]) => ({ name, primaryKey, rights: granted }));
  return new PolicyAccessControl({ hostNames: [HOST], policies: entries, operators: [] });
}
