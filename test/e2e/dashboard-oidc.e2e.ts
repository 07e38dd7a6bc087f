import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityProvider, startIdentityProvider } from '@test/support/identity-provider';
import { RunningService, startService } from '@test/support/running-service';
import { VisitorAnswer, WebVisitor } from '@test/support/web-visitor';

let directory: string;
let provider: IdentityProvider;
let service: RunningService;
let dashboard: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rehome-oidc-'));
  const port = await freePort();
  dashboard = `https://localhost:${port}/dashboard`;
  provider = await startIdentityProvider(directory, `${dashboard}/oidc/callback`);
  service = await startService({
    REHOME_HTTPS_PORT: String(port),
    REHOME_OIDC_ISSUER: provider.issuer,
    REHOME_OIDC_CLIENT_ID: 'rehome',
    REHOME_OIDC_CLIENT_SECRET: 'a secret of the client',
    REHOME_OIDC_SCOPE: 'openid email groups',
    REHOME_OIDC_REQUIRED_CLAIM: 'groups=operators',
    NODE_EXTRA_CA_CERTS: provider.caFile,
  });
});
afterAll(async () => {
  await service.close();
  await provider.close();
  await rm(directory, { recursive: true, force: true });
});

/** Registered at the provider before the service is there. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const visitor = (): WebVisitor => new WebVisitor([service.endpoint.ca, provider.ca]);

/** Fills in the provider's forms: who it is, and that this service may know it. */
async function atProvider(browser: WebVisitor, login: string): Promise<VisitorAnswer> {
  const form = await browser.visit(`${dashboard}/oidc/start`);
  expect(form.url.startsWith(provider.issuer)).toBe(true);
  const consent = await browser.visit(form.url, { method: 'POST', body: `prompt=login&login=${login}&password=any` });
  return browser.send(consent.url, { method: 'POST', body: 'prompt=consent' });
}

/** As far as the address at which the service takes the provider's answer. */
async function vouchedFor(browser: WebVisitor, login: string): Promise<string> {
  let answer = await atProvider(browser, login);
  while (typeof answer.headers.location === 'string') {
    const next = new URL(answer.headers.location, answer.url).href;
    if (next.startsWith(dashboard)) return next;
    answer = await browser.send(next);
  }
  throw new Error(`the provider does not send the browser back: ${answer.text}`);
}

const session = (browser: WebVisitor): Promise<VisitorAnswer> => browser.send(`${dashboard}/session`);

test('an operator whom the provider vouches for is signed in under that name, and may act', async () => {
  const browser = visitor();
  expect(JSON.parse((await browser.send(`${dashboard}/sign-in`)).text)).toEqual({ oidc: true });
  const back = await browser.send(await vouchedFor(browser, 'alice'));
  expect(back).toMatchObject({ status: 302, headers: { location: '/dashboard/' } });
  const answer = await session(browser);
  expect(answer.status).toBe(200);
  const { name, csrfToken } = JSON.parse(answer.text) as { name: string; csrfToken: string };
  expect(name).toBe('alice@example.com');

  const origin = new URL(dashboard).origin;
  const written = await browser.send(`${origin}/api/v1/linked-hubs/${service.hubs[0]}`, {
    method: 'PUT',
    headers: { origin, 'x-rehome-csrf': csrfToken },
    body: { allocationWeight: 7 },
  });
  expect(written.status).toBe(200);
  await service.caughtUp();
  const events = await service.manage('GET', '/audit/events?type=LinkedHubUpdated');
  expect(events.json()).toMatchObject({ items: [{ actor: { kind: 'operator', name: 'alice@example.com' } }] });
});

test('somebody without the required claim is not let in, and the log says why', async () => {
  const browser = visitor();
  const back = await browser.send(await vouchedFor(browser, 'mallory'));
  expect(back).toMatchObject({ status: 302, headers: { location: '/dashboard/?sign-in=refused' } });
  expect((await session(browser)).status).toBe(401);
  expect(await service.logLine('the claim groups is not as required')).toContain('sign-in');
});

test('an answer of the provider is worth nothing in another browser, and nothing twice', async () => {
  const browser = visitor();
  const address = await vouchedFor(browser, 'alice');
  const other = visitor();
  expect((await other.send(address)).headers.location).toBe('/dashboard/?sign-in=refused');
  expect((await session(other)).status).toBe(401);
  expect((await browser.send(address)).headers.location).toBe('/dashboard/');
  expect((await browser.send(address)).headers.location).toBe('/dashboard/?sign-in=refused');
});

test.each([
  ['another state', (address: URL) => address.searchParams.set('state', 'another')],
  ['another code', (address: URL) => address.searchParams.set('code', 'another')],
  ['another issuer', (address: URL) => address.searchParams.set('iss', 'https://elsewhere.example')],
])('an answer with %s is refused', async (_what, change) => {
  const browser = visitor();
  const address = new URL(await vouchedFor(browser, 'alice'));
  change(address);
  expect((await browser.send(address.href)).headers.location).toBe('/dashboard/?sign-in=refused');
  expect((await session(browser)).status).toBe(401);
});
