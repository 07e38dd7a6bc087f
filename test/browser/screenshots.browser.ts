import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { TestBrowser, startBrowser } from '@test/support/browser';
import { busyFleet, dashboardPages, show } from '@test/support/dashboard-pages';
import { RunningService, startService } from '@test/support/running-service';
import { SmallFleet } from '@test/support/small-fleet';
import { smallPng } from '@test/support/small-png';

/** Where the documents have them, from the project's root; `npm run screenshots` says it. */
const directory = process.env.REHOME_TEST_SCREENSHOTS ?? '';
const desktop = { width: 1200, height: 800 };
const phone = { width: 390, height: 800 };
const onPhone = new Set(['fleet', 'device']);
const BYTES_MAX = 80_000;

let service: RunningService;
let browser: TestBrowser;

beforeAll(async () => {
  await mkdir(directory, { recursive: true });
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  await busyFleet(await SmallFleet.enroll(service, 30));
  browser = await startBrowser(service);
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

async function take(page: Page, name: string): Promise<void> {
  const picture = smallPng(await page.screenshot({ animations: 'disabled', caret: 'hide' }));
  expect(picture.length).toBeLessThan(BYTES_MAX);
  await writeFile(join(directory, `${name}.png`), picture);
}

describe.each([
  ['light', false],
  ['dark', true],
])('%s', (theme, dark) => {
  test('signing in', async () => {
    const page = await browser.visitor({ ...desktop, dark });
    await page.getByLabel('Access token').waitFor();
    await take(page, `sign-in-${theme}`);
    await page.context().close();
  });

  test.each([
    ['', desktop, dashboardPages],
    ['-phone', phone, dashboardPages.filter(({ name }) => onPhone.has(name))],
  ])('every page%s', async (suffix, size, pages) => {
    const page = await browser.signedIn({ ...size, dark });
    for (const one of pages) {
      await show(page, service, one);
      await take(page, `${one.name}${suffix}-${theme}`);
    }
    await page.context().close();
  });
});
