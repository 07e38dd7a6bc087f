import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamicModule, Module } from '@nestjs/common';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { createFastifyAdapter } from '@app/device-protocols';
import { EventStore, InMemoryEventStore } from '@app/event-sourcing';
import { ensureAuthority, SecretBox } from '@app/platform';
import { openPool, PgReadDatabase } from '@app/postgres';
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
} from '@app/provisioning';
import { EdgeErrorFilter } from '@app/provisioning/management/problem.filter';
import { enrollmentsProjection } from '@app/provisioning/read-models/enrollments.projection';
import { FollowedReadModel } from './followed-read-model';
import { createTestDatabase } from './postgres';

export interface ServiceApi {
  readonly store: EventStore;
  /** PEM of a certificate for `localhost` and of the authority that signed it. */
  readonly certificates: { readonly leaf: string; readonly authority: string };
  /** The unmodified SDK client, with all rights unless told otherwise. */
  client(policy?: string): ProvisioningServiceClient;
  /** A request as no SDK sends it. */
  request(method: string, path: string, options?: RawRequest): Promise<RawAnswer>;
  close(): Promise<void>;
}

export interface RawRequest {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose token; null sends none. */
  readonly policy?: string | null;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const HOST = 'localhost';
const OWNER = 'provisioningserviceowner';
const TOKEN_SECONDS = 600;

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

/** The Service API over HTTPS on loopback: events in memory, the read model in a database of its own. */
export async function startServiceApi(): Promise<ServiceApi> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-service-api-'));
  const tls = await ensureAuthority(directory, []);
  const database = await createTestDatabase();
  const pool = openPool(database.config, { applicationName: 'service-api test', max: 4 });
  const store = new InMemoryEventStore();
  const readModel = await FollowedReadModel.start(store, pool, enrollmentsProjection);
  const key = randomBytes(32).toString('base64');
  const app = await createApplication(tls, {
    [EVENT_STORE]: store,
    [SECRET_BOX]: new SecretBox(randomBytes(32)),
    [ACCESS_CONTROL]: accessControl(key),
    [CLOCK]: () => new Date(),
    [READ_DATABASE]: new PgReadDatabase(pool),
    [PROJECTION_MONITOR]: readModel,
  });
  await app.listen(0, '127.0.0.1');
  const agent = new Agent({ port: (app.getHttpServer().address() as AddressInfo).port, ca: tls.ca, keepAlive: true });
  return {
    store,
    certificates: { leaf: tls.cert, authority: tls.ca },
    client: (policy = OWNER) => sdkClient(policy, key, agent),
    request: (method, path, options = {}) => rawRequest(agent, key, method, path, options),
    close: async () => {
      agent.destroy();
      await app.close();
      await readModel.stop();
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

function sdkClient(policy: string, key: string, agent: Agent): ProvisioningServiceClient {
  const client = ProvisioningServiceClient.fromConnectionString(
    `HostName=${HOST};SharedAccessKeyName=${policy};SharedAccessKey=${key}`,
  );
  // Only because the test does not listen on 443; the client itself is as it comes.
  const rest = Reflect.get(client, '_restApiClient') as { setOptions(options: object): void };
  rest.setOptions({ http: { agent } });
  return client;
}

function token(policy: string, key: string): string {
  const expiry = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${HOST}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${HOST}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${policy}`;
}

function rawRequest(agent: Agent, key: string, method: string, path: string, options: RawRequest): Promise<RawAnswer> {
  const { body, policy = OWNER } = options;
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...(policy === null ? {} : { authorization: token(policy, key) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const call = httpsRequest({ agent, method, path, host: HOST, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}
