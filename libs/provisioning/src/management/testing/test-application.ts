import { randomBytes } from 'node:crypto';
import { DynamicModule, Global, Module } from '@nestjs/common';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createSasToken } from '@app/attestation';
import { createFastifyAdapter } from '@app/device-protocols/https/http-server';
import { EventStore } from '@app/event-sourcing';
import { SecretBox } from '@app/platform/secret-box';
import { ReadDatabase } from '../../shared/read-database';
import { Right, rights } from '../../operators/access';
import { PolicyAccessControl } from '../../operators/access-control';
import { ASSIGNMENT_LOG, FAILPOINT } from '../../registrations/assignment.process';
import { RegistrationSettings } from '../../registrations/registration.settings';
import { RegistrationsModule } from '../../registrations/registrations.module';
import { InMemoryHubs } from '../../registrations/testing/in-memory-hubs';
import { RegistrationsServiceModule } from '../../registrations-service/registrations-service.module';
import { ACCESS_CONTROL, CLOCK, EVENT_STORE, HUB_GATEWAY, READ_DATABASE, SECRET_BOX, STORED_EVENTS } from '../../shared/tokens';
import { HUB_TWINS, noHubTwins } from '../../time-travel/hub-twins';
import { HealthModule } from '../health.module';
import { ManagementModule } from '../management.module';
import { OpenApiDocument } from '../openapi';
import { EdgeErrorFilter } from '../problem.filter';
import { PROJECTION_MONITOR, ProjectionMonitor } from '../projection-monitor';
import { HEALTH_CHECKS, HealthCheck } from '../readiness';

export const ID_SCOPE = '0ne00000001';
const KEY = randomBytes(32).toString('base64');
const GROUP_KEY = randomBytes(32).toString('base64');

@Global()
@Module({})
class Parts {}

export interface TestApplication {
  readonly app: NestFastifyApplication;
  readonly store: EventStore;
  /** Changed by tests of readiness. */
  readonly health: { ok: boolean };
  close(): Promise<void>;
}

export interface TestParts {
  readonly store: EventStore;
  readonly database: ReadDatabase;
  readonly monitor: ProjectionMonitor;
}

/** Service API, device API and management API over HTTP, with hubs in memory. */
export async function createTestApplication({ store, database, monitor }: TestParts): Promise<TestApplication> {
  const health = { ok: true };
  const checks: HealthCheck[] = [
    { name: 'switch', check: () => Promise.resolve({ ok: health.ok, detail: 'the detail for operators' }) },
  ];
  const access = new PolicyAccessControl({
    hostNames: ['localhost'],
    policies: [{ name: 'provisioningserviceowner', primaryKey: KEY, rights }],
    operators: rights.map((right) => ({ name: `${right} only`, token: tokenFor(right), rights: [right] })),
  });
  const provided = [
    { provide: EVENT_STORE, useValue: store },
    { provide: STORED_EVENTS, useValue: store },
    { provide: HUB_GATEWAY, useValue: new InMemoryHubs() },
    { provide: SECRET_BOX, useValue: new SecretBox(randomBytes(32)) },
    { provide: ACCESS_CONTROL, useValue: access },
    { provide: READ_DATABASE, useValue: database },
    { provide: PROJECTION_MONITOR, useValue: monitor },
    { provide: HEALTH_CHECKS, useValue: checks },
    { provide: RegistrationSettings, useValue: new RegistrationSettings(ID_SCOPE, 5_000, 0, 'hashed') },
    { provide: ASSIGNMENT_LOG, useValue: { warn: () => undefined } },
    { provide: HUB_TWINS, useValue: noHubTwins },
    { provide: FAILPOINT, useValue: () => undefined },
    { provide: CLOCK, useValue: () => new Date() },
  ];
  const parts: DynamicModule = { module: Parts, providers: provided, exports: provided.map(({ provide }) => provide) };
  const imports = [parts, HealthModule, RegistrationsModule, RegistrationsServiceModule, ManagementModule];
  const module = await Test.createTestingModule({ imports }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createFastifyAdapter());
  app.useLogger(false);
  app.useGlobalFilters(new EdgeErrorFilter());
  app.get(OpenApiDocument).publish(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    app,
    store,
    health,
    close: () => app.close(),
  };
}

/** Bearer tokens that grant one right each. */
function tokenFor(right: Right): string {
  return `a-token-of-an-operator-for-${right}`;
}

export const bearer = (right: Right): string => `Bearer ${tokenFor(right)}`;

/** The owner policy's SAS token, as Azure's service clients send it. */
export function sas(): string {
  const key = Buffer.from(KEY, 'base64');
  const expiresAt = new Date(Date.now() + 3_600_000);
  return createSasToken({ resource: 'localhost', key, keyName: 'provisioningserviceowner', expiresAt });
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

export interface Ask {
  /** The owner's SAS token when the member is missing; nothing when it is there and undefined. */
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is. */
  readonly body?: object | string;
}

export async function ask(
  { app }: TestApplication,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  url: string,
  options: Ask = {},
): Promise<Answer> {
  const authorization = 'authorization' in options ? options.authorization : sas();
  const response = await app.inject({
    method,
    url,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { payload: options.body }),
  });
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  const body = response.body === '' ? {} : (JSON.parse(response.body) as Record<string, unknown>);
  return { status: response.statusCode, headers, body };
}

export const connectionString = (hostName: string): string =>
  `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`;

/** A device of an individual enrollment registers over the device API. */
export async function registerDevice(application: TestApplication, registrationId: string): Promise<Answer> {
  const resource = `${ID_SCOPE}/registrations/${registrationId}`;
  const token = createSasToken({
    resource,
    key: Buffer.from(GROUP_KEY, 'base64'),
    keyName: 'registration',
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  return ask(application, 'PUT', `/${resource}/register?api-version=2019-03-31`, {
    authorization: token,
    body: { registrationId },
  });
}

/** Puts an individual enrollment whose device is sent to one hub. */
export function enroll(application: TestApplication, registrationId: string, hub: string): Promise<Answer> {
  const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: GROUP_KEY, secondaryKey: GROUP_KEY } };
  return ask(application, 'PUT', `/enrollments/${registrationId}?api-version=2021-10-01`, {
    body: { registrationId, attestation, allocationPolicy: 'static', iotHubs: [hub] },
  });
}
