import type { Page } from 'playwright-core';
import { TestBrowser, dashboardUrl, startBrowser } from '@test/support/browser';
import { call } from '@test/support/clients';
import { RunningService, startService } from '@test/support/running-service';

const SESSION_COOKIE = '__Host-rehome-session';

let service: RunningService;
let browser: TestBrowser;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  browser = await startBrowser(service);
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

const heading = (page: Page, name: string): Promise<void> => page.getByRole('heading', { level: 1, name }).waitFor();

/** Status of a call that a script of the page makes. */
function statusOf(page: Page, method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return page.evaluate<number>(`fetch('${path}', ${JSON.stringify({ method, headers })}).then(({ status }) => status)`);
}

function csrfTokenOf(page: Page): Promise<string> {
  return page.evaluate<string>(`fetch('/dashboard/session').then(async (answer) => (await answer.json()).csrfToken)`);
}

async function sessionCookieOf(page: Page): Promise<string> {
  const cookie = (await page.context().cookies()).find(({ name }) => name === SESSION_COOKIE);
  if (cookie === undefined) throw new Error('the browser has no session');
  return `${SESSION_COOKIE}=${cookie.value}`;
}

test('a token that is not known is refused in words, and the right one opens the fleet', async () => {
  const page = await browser.visitor();
  await heading(page, 'Sign in');
  await page.getByLabel('Access token').fill('no-such-token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This token is not known here.').waitFor();
  expect(await page.context().cookies()).toEqual([]);

  await page.getByLabel('Access token').fill(service.facts.apiToken);
  await page.keyboard.press('Enter');
  await heading(page, 'Fleet');
  expect(await page.title()).toBe('Fleet · Rehome');
  await page.context().close();
});

test('the session is a cookie that no script reads, no other site sends and no plain connection carries; the token is not kept', async () => {
  const page = await browser.signedIn();
  expect(await page.context().cookies()).toEqual([
    expect.objectContaining({
      name: SESSION_COOKIE,
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      path: '/',
      domain: service.host,
    }),
  ]);
  const kept = await page.evaluate<string>('JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])');
  expect(kept).not.toContain(service.facts.apiToken);
  expect(kept).not.toContain('csrf');
  expect(kept).not.toContain(SESSION_COOKIE);
  await page.reload();
  await heading(page, 'Fleet');
  await page.context().close();
});

test('the cookie alone grants nothing: a call needs the header of the session, and one that changes something the origin too', async () => {
  const page = await browser.signedIn();
  const csrf = { 'x-rehome-csrf': await csrfTokenOf(page) };
  const pause = '/api/v1/campaigns/none/pause';
  expect(await statusOf(page, 'GET', '/api/v1/devices', csrf)).toBe(200);
  expect(await statusOf(page, 'POST', pause, csrf)).toBe(404);
  expect(await statusOf(page, 'GET', '/api/v1/devices')).toBe(401);
  expect(await statusOf(page, 'POST', pause)).toBe(401);
  expect(await statusOf(page, 'POST', pause, { 'x-rehome-csrf': 'guessed' })).toBe(401);

  const cookie = await sessionCookieOf(page);
  const from = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    const host = `${service.host}:${service.facts.port}`;
    const asked = { method: 'POST', host: service.host, path: pause };
    return (await call(service.endpoint, { ...asked, headers: { host, cookie, ...csrf, ...headers } })).status;
  };
  expect(await from({ origin: new URL(dashboardUrl(service)).origin })).toBe(404);
  expect(await from({ origin: 'https://elsewhere.example' })).toBe(401);
  expect(await from({ origin: 'null' })).toBe(401);
  expect(await from({})).toBe(401);
  await page.context().close();
});

test('signing out ends the session at the service as well', async () => {
  const page = await browser.signedIn();
  const csrf = { 'x-rehome-csrf': await csrfTokenOf(page) };
  const cookie = await sessionCookieOf(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await heading(page, 'Sign in');
  await page.goto(dashboardUrl(service, '/devices'));
  await heading(page, 'Sign in');
  expect(await page.context().cookies()).toEqual([]);
  const asked = { method: 'GET', host: service.host, path: '/api/v1/devices', headers: { cookie, ...csrf } };
  expect((await call(service.endpoint, asked)).status).toBe(401);
  await page.context().close();
});

test('the page runs only script of its own: a strict policy, and what is smuggled in does nothing', async () => {
  const page = await browser.signedIn();
  const headers = (await page.reload())?.headers() ?? {};
  const policy = new Map(
    (headers['content-security-policy'] ?? '').split('; ').map((directive) => {
      const [name = '', ...values] = directive.split(' ');
      return [name, values.join(' ')] as const;
    }),
  );
  expect(Object.fromEntries(policy)).toMatchObject({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
  });
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });

  const attempts = [
    `document.body.insertAdjacentHTML('beforeend', '<img src="/none" onerror="window.smuggled = 1">')`,
    `document.body.append(Object.assign(document.createElement('script'), { src: 'data:text/javascript,window.smuggled = 1' }))`,
    `document.body.append(Object.assign(document.createElement('script'), { text: 'window.smuggled = 1' }))`,
    `setTimeout('window.smuggled = 1', 0)`,
  ];
  for (const attempt of attempts) await expect(page.evaluate(attempt)).rejects.toThrow('requires');
  expect(await page.evaluate<boolean>(`'smuggled' in window`)).toBe(false);
  expect(await page.evaluate<boolean>(`fetch('https://127.0.0.1:1/').then(() => true, () => false)`)).toBe(false);
  await page.context().close();
});
