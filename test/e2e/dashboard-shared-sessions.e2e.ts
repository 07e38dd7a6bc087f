import { randomBytes } from 'node:crypto';
import { RunningService, startService } from '@test/support/running-service';
import { TestDatabase, createTestDatabase } from '@test/support/postgres';
import { ServiceWithProvider, startServiceWithProvider } from '@test/support/service-with-provider';
import { WebVisitor } from '@test/support/web-visitor';

const SESSION_COOKIE = '__Host-rehome-session';
const PAUSE = '/api/v1/campaigns/none/pause';
const tokens = { ann: 'the-bearer-token-of-ann', bob: 'the-bearer-token-of-bob' };

const running: (RunningService | ServiceWithProvider)[] = [];
const databases: TestDatabase[] = [];
afterAll(async () => {
  for (const service of running.reverse()) await service.close();
  for (const database of databases) await database.drop();
});

const originOf = ({ endpoint }: RunningService): string => `https://localhost:${endpoint.port}`;

interface Browser {
  readonly cookie: string;
  readonly csrf: string;
}

async function signedIn(service: RunningService, token: string): Promise<Browser> {
  const [visitor, origin] = [new WebVisitor([service.endpoint.ca]), originOf(service)];
  const answer = await visitor.send(`${origin}/dashboard/session`, { method: 'POST', headers: { origin }, body: { token } });
  expect(answer.status).toBe(201);
  const { csrfToken } = JSON.parse(answer.text) as { csrfToken: string };
  return { cookie: visitor.cookie(origin, SESSION_COOKIE) ?? '', csrf: csrfToken };
}

/** What a process answers to a browser, wherever that signed in. */
async function ask(service: RunningService, { cookie, csrf }: Browser, method: string, path: string) {
  const [visitor, origin] = [new WebVisitor([service.endpoint.ca]), originOf(service)];
  visitor.setCookie(origin, SESSION_COOKIE, cookie);
  return visitor.send(origin + path, { method, headers: { origin, 'x-rehome-csrf': csrf } });
}

const statusOf = async (...call: Parameters<typeof ask>): Promise<number> => (await ask(...call)).status;

async function rightsOf(service: RunningService, browser: Browser): Promise<readonly string[]> {
  const answer = await ask(service, browser, 'GET', '/dashboard/session');
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { rights: string[] }).rights;
}

/** The test run's server, as operators name one. */
async function sharedDatabase(): Promise<string> {
  const database = await createTestDatabase();
  databases.push(database);
  const { connectionString, host = '', port = 5432, user = '', password = '', database: name = '' } = database.config;
  if (connectionString !== undefined) return connectionString;
  const url = new URL(`postgresql://localhost:${port}/${name}?host=${encodeURIComponent(host)}`);
  url.username = user;
  if (typeof password === 'string') url.password = password;
  return url.href;
}

test('sessions outlive a restart, with what the operator may do from then on, and end with the operator', async () => {
  const before = await startService({ REHOME_OPERATOR_TOKENS: `ann:${tokens.ann}:operator;bob:${tokens.bob}` });
  const [ann, bob] = [await signedIn(before, tokens.ann), await signedIn(before, tokens.bob)];
  const administrator = await signedIn(before, before.facts.apiToken);
  expect(await statusOf(before, ann, 'POST', PAUSE)).toBe(404);
  expect(await statusOf(before, bob, 'POST', PAUSE)).toBe(404);
  await before.process.stop();

  const service = await before.restart({ REHOME_OPERATOR_TOKENS: `ann:${tokens.ann}:auditor` });
  running.push(service);
  expect(await statusOf(service, administrator, 'POST', PAUSE)).toBe(404);
  expect(await rightsOf(service, ann)).not.toContain('RegistrationStatusWrite');
  expect(await statusOf(service, ann, 'GET', '/api/v1/devices')).toBe(200);
  const refused = await ask(service, ann, 'POST', PAUSE);
  expect(refused.status).toBe(403);
  expect(JSON.parse(refused.text)).toMatchObject({
    type: 'urn:rehome:problem:forbidden',
    detail: 'This needs the right RegistrationStatusWrite.',
  });
  expect(await statusOf(service, bob, 'GET', '/dashboard/session')).toBe(401);
  expect(await statusOf(service, bob, 'GET', '/api/v1/devices')).toBe(401);
});

test('a session is known to every process on the database, and signing out ends it in all, its streams too', async () => {
  const shared = { DATABASE_URL: await sharedDatabase(), REHOME_SECRET_KEY: randomBytes(32).toString('base64') };
  const one = await startService(shared);
  running.push(one);
  const other = await startService({ ...shared, REHOME_ROLES: 'api', REHOME_HUBS: 'none' });
  running.push(other);

  const browser = await signedIn(one, one.facts.apiToken);
  expect(await rightsOf(other, browser)).toContain('AuditWrite');
  expect(await statusOf(other, browser, 'GET', '/api/v1/devices')).toBe(200);
  const stream = ask(other, browser, 'GET', '/api/v1/feed').then(
    () => 'ended',
    () => 'cut',
  );
  // The answer as a whole is only there at its end.
  expect(await Promise.race([stream, new Promise((resolve) => setTimeout(resolve, 500, 'open'))])).toBe('open');

  expect(await statusOf(one, browser, 'DELETE', '/dashboard/session')).toBe(204);
  for (const service of [one, other]) {
    expect(await statusOf(service, browser, 'GET', '/dashboard/session')).toBe(401);
    expect(await statusOf(service, browser, 'GET', '/api/v1/devices')).toBe(401);
  }
  expect(['cut', 'ended']).toContain(await stream);
});

test('a sign-in by a provider that one process began is finished by another', async () => {
  const shared = { DATABASE_URL: await sharedDatabase(), REHOME_SECRET_KEY: randomBytes(32).toString('base64') };
  const one = await startServiceWithProvider(shared);
  running.push(one);
  const asOther = { REHOME_HTTPS_PORT: '0', REHOME_ROLES: 'api', REHOME_HUBS: 'none' };
  const other = await startService({ ...one.environment, ...asOther });
  running.push(other);

  const visitor = new WebVisitor([one.service.endpoint.ca, other.endpoint.ca, one.provider.ca]);
  const form = await visitor.visit(`${one.dashboard}/oidc/start?to=/dashboard/devices`);
  let answer = await visitor.send(form.url, { method: 'POST', body: 'login=alice&password=any' });
  while (!String(answer.headers.location).startsWith(one.dashboard)) {
    answer = await visitor.send(new URL(String(answer.headers.location), answer.url).href);
  }
  const back = new URL(String(answer.headers.location));
  const cookie = `__Host-rehome-sign-in=${visitor.cookie(one.dashboard, '__Host-rehome-sign-in') ?? ''}`;
  // As a balancer sends it: to the other process, under the name the browser knows.
  const finished = await visitor.send(originOf(other) + back.pathname + back.search, { headers: { host: back.host, cookie } });
  expect(finished).toMatchObject({ status: 302, headers: { location: '/dashboard/devices' } });
  expect(String(finished.headers['set-cookie'])).toContain(`${SESSION_COOKIE}=`);
});
