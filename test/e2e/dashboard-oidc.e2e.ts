import type { IdentityProvider } from '@test/support/identity-provider';
import type { RunningService } from '@test/support/running-service';
import { ServiceWithProvider, startServiceWithProvider } from '@test/support/service-with-provider';
import { VisitorAnswer, WebVisitor } from '@test/support/web-visitor';

let running: ServiceWithProvider;
let provider: IdentityProvider;
let service: RunningService;
let dashboard: string;

beforeAll(async () => {
  running = await startServiceWithProvider();
  ({ provider, service, dashboard } = running);
});
afterAll(() => running.close());

const visitor = (): WebVisitor => new WebVisitor([service.endpoint.ca, provider.ca]);

/** Fills in the provider's form. */
async function atProvider(browser: WebVisitor, login: string, query = ''): Promise<VisitorAnswer> {
  const form = await browser.visit(`${dashboard}/oidc/start${query}`);
  expect(form.url.startsWith(provider.issuer)).toBe(true);
  return browser.send(form.url, { method: 'POST', body: `login=${login}&password=any` });
}

/** As far as the address at which the service takes the provider's answer. */
async function vouchedFor(browser: WebVisitor, login: string, query?: string): Promise<string> {
  let answer = await atProvider(browser, login, query);
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
  expect(back).toMatchObject({ status: 302, headers: { location: '/dashboard/?sign-in=account' } });
  expect((await session(browser)).status).toBe(401);
  expect(await service.logLine('the claim groups is not as required')).toContain('sign-in');
});

test('somebody whose groups have no role is not let in', async () => {
  const browser = visitor();
  expect((await browser.send(await vouchedFor(browser, 'nina'))).headers.location).toBe('/dashboard/?sign-in=account');
  expect(await service.logLine('no value of the claim groups has a role')).toContain('sign-in');
});

test.each([
  ['otto', 404, 403],
  ['vera', 403, 403],
])('%s may do what the groups say, and is told what is missing', async (login, pause, weight) => {
  const browser = visitor();
  await browser.send(await vouchedFor(browser, login));
  const { rights, csrfToken } = JSON.parse((await session(browser)).text) as { rights: string[]; csrfToken: string };
  expect(rights).toContain('RegistrationStatusRead');
  expect(rights.includes('RegistrationStatusWrite')).toBe(login === 'otto');
  const { origin } = new URL(dashboard);
  const headers = { origin, 'x-rehome-csrf': csrfToken };
  const status = async (method: string, path: string, body?: object): Promise<number> =>
    (await browser.send(origin + path, { method, headers, ...(body === undefined ? {} : { body }) })).status;
  expect(await status('GET', '/api/v1/linked-hubs')).toBe(200);
  expect(await status('GET', '/api/v1/campaigns')).toBe(200);
  expect(await status('POST', '/api/v1/campaigns/none/pause')).toBe(pause);
  expect(await status('PUT', `/api/v1/linked-hubs/${service.hubs[0]}`, { allocationWeight: 9 })).toBe(weight);
  const keys = await browser.send(`${origin}/enrollments/none/attestationmechanism?api-version=2021-10-01`, {
    method: 'POST',
    headers,
  });
  expect(keys.status).toBe(403);
  expect(JSON.parse(keys.text)).toMatchObject({ errorCode: 403000, message: 'This needs the right EnrollmentWrite.' });
});

test('one comes back to the page first asked for, and nowhere else', async () => {
  const locationAfter = async (to: string): Promise<unknown> => {
    const browser = visitor();
    const back = await browser.send(await vouchedFor(browser, 'alice', `?to=${encodeURIComponent(to)}`));
    return back.headers.location;
  };
  expect(await locationAfter('/dashboard/devices?status=failed')).toBe('/dashboard/devices?status=failed');
  expect(await locationAfter('//evil.example/dashboard/')).toBe('/dashboard/');
});

test('a cookie of a sign-in under way that was changed is worth nothing', async () => {
  const browser = visitor();
  const address = await vouchedFor(browser, 'alice');
  const [startedAt = '', id = ''] = (browser.cookie(dashboard, '__Host-rehome-sign-in') ?? '').split('.');
  const elsewhere = Buffer.from('/dashboard/campaigns/new').toString('base64url');
  browser.setCookie(dashboard, '__Host-rehome-sign-in', [startedAt, id, elsewhere].join('.'));
  expect((await browser.send(address)).headers.location).toBe('/dashboard/?sign-in=refused');
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
