import type { Locator, Page } from 'playwright-core';
import { graveFindings } from '@test/support/axe';
import { TestBrowser, dashboardUrl, startBrowser } from '@test/support/browser';
import { RunningService } from '@test/support/running-service';
import { ServiceWithProvider, startServiceWithProvider } from '@test/support/service-with-provider';
import { SmallFleet } from '@test/support/small-fleet';

const SESSION_COOKIE = '__Host-rehome-session';

let running: ServiceWithProvider;
let service: RunningService;
let browser: TestBrowser;
const group = 'thermostats';
const device = 'thermostat-001';

beforeAll(async () => {
  running = await startServiceWithProvider();
  ({ service } = running);
  await SmallFleet.enroll(service, 1);
  browser = await startBrowser(service);
});
afterAll(async () => {
  await browser.close();
  await running.close();
});

const heading = (page: Page, name: string): Promise<void> => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const link = (page: Page, name: string): Locator => page.getByRole('link', { name, exact: true });

/** From a page of the dashboard through the provider's form. */
async function byProvider(login: string, path = '/'): Promise<Page> {
  const page = await (await browser.context()).newPage();
  await page.goto(dashboardUrl(service, path));
  await heading(page, 'Sign in');
  await link(page, 'Sign in with your organisation').click();
  await heading(page, 'Identity provider');
  expect(new URL(page.url()).origin).toBe(running.provider.issuer);
  await page.getByLabel('Name').fill(login);
  await page.getByLabel('Password').fill('any');
  await button(page, 'Continue').click();
  return page;
}

/** The same service on the same data and port, configured otherwise. */
async function restart(changes: Readonly<Record<string, string>>): Promise<RunningService> {
  await service.process.stop();
  return service.restart({ ...running.environment, ...changes });
}

async function open(page: Page, path: string, title: string): Promise<void> {
  await page.goto(dashboardUrl(service, path));
  await heading(page, title);
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
}

test('somebody signs in at the provider, comes back to the page asked for, stays signed in and signs out', async () => {
  const page = await byProvider('alice', '/devices?status=assigned');
  await heading(page, 'Devices');
  expect(page.url()).toBe(dashboardUrl(service, '/devices?status=assigned'));
  await page.getByText('alice@example.com').waitFor();
  const cookies = await page.context().cookies(dashboardUrl(service));
  expect(cookies).toEqual([
    expect.objectContaining({ name: SESSION_COOKIE, httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }),
  ]);
  const reloaded = await page.reload();
  await heading(page, 'Devices');
  const policy = reloaded?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);

  await button(page, 'Sign out').click();
  await heading(page, 'Sign in');
  await page.goto(dashboardUrl(service, '/devices'));
  await heading(page, 'Sign in');
  expect(await page.context().cookies(dashboardUrl(service))).toEqual([]);
  expect(browser.complaints).toEqual([]);
  await page.context().close();
});

test.each(['mallory', 'nina'])('%s, who may not operate the service, is told so and may try another way', async (login) => {
  const page = await byProvider(login);
  await heading(page, 'Sign in');
  await page.getByRole('alert').getByText('You are known there, but this account may not use Rehome.').waitFor();
  expect(await graveFindings(page)).toEqual([]);
  const cookies = await page.context().cookies(dashboardUrl(service));
  expect(cookies.map(({ name }) => name)).not.toContain(SESSION_COOKIE);
  await page.getByLabel('Access token').fill(service.facts.apiToken);
  await page.keyboard.press('Enter');
  await heading(page, 'Fleet');
  await page.context().close();
});

test('an auditor sees everything and nothing to change it with', async () => {
  const page = await byProvider('vera');
  await heading(page, 'Fleet');
  await open(page, '/hubs', 'Hubs');
  await link(page, 'Settings').first().waitFor();
  expect(await link(page, 'Link a hub').count()).toBe(0);
  expect(await button(page, 'Cordon').count()).toBe(0);

  await open(page, `/hubs/${service.hubs[0]}`, service.hubs[0]);
  await page.getByText('Changing this takes the right ServiceConfig, which you do not have.').waitFor();
  expect(await page.getByLabel('Weight').isDisabled()).toBe(true);
  expect(await button(page, 'Save').isDisabled()).toBe(true);
  expect(await button(page, 'Unlink').isDisabled()).toBe(true);
  expect(await graveFindings(page)).toEqual([]);

  await open(page, '/enrollments', 'Enrollments');
  await link(page, group).waitFor();
  expect(await link(page, 'New group').count()).toBe(0);
  await open(page, `/enrollments/group/${group}`, group);
  await page.getByText('Changing this takes the right EnrollmentWrite, which you do not have.').waitFor();
  expect(await page.getByLabel('Initial tags').isDisabled()).toBe(true);
  expect(await button(page, 'Show the keys').count()).toBe(0);

  await open(page, `/devices/${device}`, device);
  await page.getByText('Where it is, and why').waitFor();
  expect(await button(page, 'Reprovision now').count()).toBe(0);
  await open(page, '/campaigns', 'Campaigns');
  expect(await link(page, 'New campaign').count()).toBe(0);
  await open(page, '/campaigns/new', 'New campaign');
  expect(await button(page, 'Plan it').isDisabled()).toBe(true);
  await open(page, '/audit', 'Audit');
  for (const path of ['/', '/devices', '/audit']) {
    await page.goto(dashboardUrl(service, path));
    await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
    expect(await page.getByRole('alert').count()).toBe(0);
  }
  await page.context().close();
});

test('an operator moves devices, and changes neither hubs nor enrollments', async () => {
  const page = await byProvider('otto', `/devices/${device}`);
  await heading(page, device);
  await button(page, 'Reprovision now').waitFor();
  await open(page, '/campaigns/new', 'New campaign');
  await page.getByLabel('Hub', { exact: true }).selectOption(service.hubs[0]);
  await page.getByLabel(service.hubs[1], { exact: true }).check();
  await button(page, 'Plan it').click();
  await button(page, 'Start').waitFor();

  await open(page, '/hubs', 'Hubs');
  await link(page, 'Settings').first().waitFor();
  expect(await button(page, 'Drain').count()).toBe(0);
  await open(page, `/enrollments/group/${group}`, group);
  expect(await button(page, 'Save').isDisabled()).toBe(true);
  expect(await button(page, 'Show the keys').count()).toBe(0);
  await page.context().close();
});

test('a page that is open goes on after a restart, and shows what may be done from then on', async () => {
  const page = await byProvider('otto', `/devices/${device}`);
  await button(page, 'Reprovision now').waitFor();
  const restarted = await restart({ REHOME_OIDC_ROLES: 'field=auditor' });
  try {
    await button(page, 'Reprovision now').click();
    await button(page, 'Reprovision now').waitFor({ state: 'detached' });
    await button(page, 'Sign out').waitFor();
    await page.reload();
    await heading(page, device);
    expect(await button(page, 'Reprovision now').count()).toBe(0);
  } finally {
    await restarted.process.stop();
  }
  await page.context().close();
});
