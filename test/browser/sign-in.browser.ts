import type { Page } from 'playwright-core';
import { Dashboard } from '@test/support/browser';
import { RunningService, startService } from '@test/support/running-service';

let service: RunningService;
let dashboard: Dashboard;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  dashboard = await Dashboard.open(service);
});
afterAll(async () => {
  await dashboard.close();
  await service.close();
});

const heading = (page: Page, name: string): Promise<void> => page.getByRole('heading', { level: 1, name }).waitFor();

test('a token that is not known is refused in words, and the right one opens the fleet', async () => {
  const page = await dashboard.visitor();
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
