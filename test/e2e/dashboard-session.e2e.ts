import { RunningService, startService } from '@test/support/running-service';
import { VisitorAnswer, WebVisitor } from '@test/support/web-visitor';

let service: RunningService;
let origin: string;
let dashboard: string;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  origin = `https://localhost:${service.endpoint.port}`;
  dashboard = `${origin}/dashboard`;
});
afterAll(() => service.close());

const visitor = (): WebVisitor => new WebVisitor([service.endpoint.ca]);

function signIn(browser: WebVisitor, token: unknown, headers: Record<string, string> = { origin }): Promise<VisitorAnswer> {
  return browser.send(`${dashboard}/session`, { method: 'POST', headers, body: { token } });
}

async function signedIn(): Promise<{ browser: WebVisitor; csrf: Record<string, string> }> {
  const browser = visitor();
  const answer = await signIn(browser, service.facts.apiToken);
  expect(answer.status).toBe(201);
  const { csrfToken } = JSON.parse(answer.text) as { csrfToken: string };
  return { browser, csrf: { 'x-rehome-csrf': csrfToken, origin } };
}

const hub = (): string => `${origin}/api/v1/linked-hubs/${service.hubs[0]}`;

test('signing in by token sets one cookie that script, other hosts and other sites never see, and does not keep the token', async () => {
  const browser = visitor();
  const answer = await signIn(browser, service.facts.apiToken);
  expect(answer.status).toBe(201);
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/^__Host-rehome-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
  expect(JSON.parse(answer.text)).toMatchObject({ name: 'administrator' });
  expect(answer.text + cookie).not.toContain(service.facts.apiToken);
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('a session reads and writes with the token of its page, on the management API and on the service API', async () => {
  const { browser, csrf } = await signedIn();
  expect((await browser.send(hub(), { headers: csrf })).status).toBe(200);
  expect((await browser.send(hub(), { method: 'PUT', headers: csrf, body: { allocationWeight: 3 } })).status).toBe(200);
  const entry = { registrationId: 'by-session', attestation: { type: 'symmetricKey' } };
  const put = { method: 'PUT', headers: csrf, body: entry };
  expect((await browser.send(`${origin}/enrollments/by-session?api-version=2021-10-01`, put)).status).toBe(200);
});

test('the cookie alone is worth nothing: another page can make a browser send it, but cannot read the token', async () => {
  const { browser, csrf } = await signedIn();
  const { origin: _own, ...token } = csrf;
  const write = (headers: Record<string, string>) =>
    browser.send(hub(), { method: 'PUT', headers, body: { allocationWeight: 9 } });
  expect((await browser.send(hub())).status).toBe(401);
  expect((await write({ origin })).status).toBe(401);
  expect((await write({ ...csrf, 'x-rehome-csrf': 'guessed' })).status).toBe(401);
  expect((await write(token)).status).toBe(401);
  expect((await write({ ...csrf, origin: 'https://evil.example' })).status).toBe(401);
  expect((await write({ ...csrf, 'sec-fetch-site': 'cross-site' })).status).toBe(401);
  expect((await write(csrf)).status).toBe(200);
  expect((await browser.send(`${dashboard}/session`, { method: 'DELETE', headers: { origin } })).status).toBe(401);
});

test('signing out ends the session for good; a cookie that was copied is worth nothing then', async () => {
  const { browser, csrf } = await signedIn();
  const copied = browser.cookie(dashboard, '__Host-rehome-session') ?? '';
  expect((await browser.send(`${dashboard}/session`, { method: 'DELETE', headers: csrf })).status).toBe(204);
  const thief = visitor();
  thief.setCookie(dashboard, '__Host-rehome-session', copied);
  expect((await thief.send(`${dashboard}/session`)).status).toBe(401);
  expect((await thief.send(hub(), { headers: csrf })).status).toBe(401);
});

test('signing out cuts the stream of events that the session still has', async () => {
  const { browser, csrf } = await signedIn();
  const cut = browser.send(`${origin}/api/v1/feed`, { headers: csrf }).then(
    () => 'ended',
    () => 'cut',
  );
  // The answer as a whole is only there at its end.
  const early = await Promise.race([cut, new Promise((resolve) => setTimeout(resolve, 500, 'open'))]);
  expect(early).toBe('open');
  expect((await browser.send(`${dashboard}/session`, { method: 'DELETE', headers: csrf })).status).toBe(204);
  expect(['cut', 'ended']).toContain(await cut);
});

test('a new sign-in gets a new id, so that one which somebody planted before is not the one that counts', async () => {
  const { browser } = await signedIn();
  const first = browser.cookie(dashboard, '__Host-rehome-session');
  await signIn(browser, service.facts.apiToken);
  expect(browser.cookie(dashboard, '__Host-rehome-session')).not.toBe(first);
});

test('no other page can sign a browser in, and what is no token is refused', async () => {
  expect((await signIn(visitor(), service.facts.apiToken, { origin: 'https://evil.example' })).status).toBe(401);
  expect((await signIn(visitor(), service.facts.apiToken, {})).status).toBe(401);
  expect((await signIn(visitor(), 5)).status).toBe(400);
  expect((await signIn(visitor(), 'x'.repeat(600))).status).toBe(400);
});

test('without a provider the way over it leads back to the sign-in page', async () => {
  const browser = visitor();
  expect(JSON.parse((await browser.send(`${dashboard}/sign-in`)).text)).toEqual({ oidc: false });
  expect((await browser.send(`${dashboard}/oidc/start`)).headers.location).toBe('/dashboard/?sign-in=provider');
  expect((await browser.send(`${dashboard}/oidc/callback?code=x&state=y`)).headers.location).toBe('/dashboard/?sign-in=provider');
});

test('files come compressed, hashed ones for a year, and with a policy that lets no script in but their own', async () => {
  const browser = visitor();
  const page = await browser.send(`${dashboard}/devices/some-device`);
  expect(page).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' },
  });
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  expect(page.text).not.toMatch(/<style|style=|<script(?![^>]* src="\/dashboard\/assets\/)/);
  const [script = ''] = /\/dashboard\/assets\/[\w.-]+\.js/.exec(page.text) ?? [];
  const file = await browser.send(origin + script, { headers: { 'accept-encoding': 'gzip' } });
  expect(file.headers).toMatchObject({ 'content-encoding': 'gzip', 'cache-control': 'public, max-age=31536000, immutable' });
  for (const path of ['/assets/none.js', '/assets/../../api/main.js', '/assets/%2e%2e/%2e%2e/api/main.js']) {
    const answer = await browser.send(dashboard + path);
    expect(answer.text).not.toContain('use strict');
    expect(answer.status === 404 || answer.headers['content-type'] === 'text/html; charset=utf-8').toBe(true);
  }
});

test('who guesses tokens has to wait, and then not even the right one is looked at', async () => {
  const browser = visitor();
  const statuses: number[] = [];
  for (let guess = 0; guess < 11; guess++) statuses.push((await signIn(browser, `guess number ${guess}`)).status);
  expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
  expect((await signIn(browser, service.facts.apiToken)).status).toBe(429);
});
