import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { graveFindings } from '@test/support/axe';
import { TestBrowser, dashboardUrl, signIn, startBrowser } from '@test/support/browser';
import { busyFleet, dashboardPages, show } from '@test/support/dashboard-pages';
import { RunningService, startService } from '@test/support/running-service';
import { SmallFleet } from '@test/support/small-fleet';

const phone = { width: 360, height: 740 };
const SCRIPT_BYTES_MAX = 200 * 1024;
const ASSETS = 'dist/apps/dashboard/assets';
const LOADS = 5;
/** The aim is a second; the rest is for a machine that runs other tests at the same time. */
const USABLE_WITHIN_MS = 3_000;

let service: RunningService;
let browser: TestBrowser;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  await busyFleet(await SmallFleet.enroll(service, 30));
  browser = await startBrowser(service);
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

describe.each([
  ['light', false],
  ['dark', true],
])('in %s', (theme, dark) => {
  let page: Page;
  beforeAll(async () => {
    page = await browser.visitor({ dark });
  });
  afterAll(() => page.context().close());

  test('signing in is accessible', async () => {
    await page.getByLabel('Access token').waitFor();
    expect(await graveFindings(page)).toEqual([]);
    await signIn(page, service.facts.apiToken);
  });

  test.each(dashboardPages)('$name is accessible and drawn in its colours', async (one) => {
    await show(page, service, one);
    expect(await graveFindings(page)).toEqual([]);
    expect(await page.evaluate<boolean>(isDark)).toBe(theme === 'dark');
  });
});

const isDark = `getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).every((part) => Number(part) < 60)`;

test('the colours chosen stay, whatever the system has', async () => {
  const page = await browser.signedIn({ dark: false });
  await page.getByLabel('Colours').selectOption('dark');
  expect(await page.evaluate<boolean>(isDark)).toBe(true);
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
  expect(await page.evaluate<boolean>(isDark)).toBe(true);
  await page.context().close();
});

describe('on a phone', () => {
  let page: Page;
  beforeAll(async () => {
    page = await browser.signedIn(phone);
  });
  afterAll(() => page.context().close());

  test.each(dashboardPages)('$name is no wider than the screen, and its sections are in reach', async (one) => {
    await show(page, service, one);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(phone.width);
    const link = page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Hubs' });
    const { width = 0, height = 0 } = (await link.boundingBox()) ?? {};
    expect([width >= 24, height >= 24]).toEqual([true, true]);
  });
});

const median = (timesMs: readonly number[]): number =>
  [...timesMs].sort((a, b) => a - b)[Math.floor(timesMs.length / 2)] ?? Infinity;

test('the first pages are usable at once, with nothing in the cache', async () => {
  const signInMs: number[] = [];
  const fleetMs: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    const page = await (await browser.context()).newPage();
    const startedAtMs = performance.now();
    await page.goto(dashboardUrl(service));
    await page.getByLabel('Access token').fill(service.facts.apiToken);
    signInMs.push(performance.now() - startedAtMs);
    await page.keyboard.press('Enter');
    const enteredAtMs = performance.now();
    await page.getByRole('link', { name: /^Assigned \d+$/ }).waitFor();
    fleetMs.push(performance.now() - enteredAtMs);
    await page.context().close();
  }
  const figures = [median(signInMs), median(fleetMs)];
  process.stdout.write(
    `dashboard: sign-in usable after ${Math.round(median(signInMs))} ms, fleet after ${Math.round(median(fleetMs))} ms\n`,
  );
  for (const figure of figures) expect(figure).toBeLessThan(USABLE_WITHIN_MS);
});

test('all of its script is small, compressed', () => {
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(ASSETS, name))).length, 0);
  process.stdout.write(`dashboard: ${Math.round(bytes / 1024)} KB of script compressed\n`);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(SCRIPT_BYTES_MAX);
});

test('no page asked anybody but the service, and none complained', () => {
  expect([browser.strays, browser.complaints]).toEqual([[], []]);
});
