import type { Locator, Page } from 'playwright-core';
import { TestBrowser, dashboardUrl, startBrowser } from '@test/support/browser';
import { HubDevice } from '@test/support/hub-device';
import { resolveLocalhostNames } from '@test/support/localhost-names';
import { RunningService, startService } from '@test/support/running-service';
import { SmallFleet } from '@test/support/small-fleet';

let restoreNames: () => void;
let service: RunningService;
let fleet: SmallFleet;
let browser: TestBrowser;
let page: Page;
let hubA: string;
let hubB: string;
const id = 'thermostat-001';
const open: HubDevice[] = [];

beforeAll(async () => {
  restoreNames = resolveLocalhostNames();
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  [hubA, hubB] = service.hubs;
  fleet = await SmallFleet.enroll(service, 90);
  await service.registry(hubA).updateTwin(id, { properties: { desired: { interval: 5 } } }, '*');
  await fleet.redirect('thermostats', hubB);
  browser = await startBrowser(service);
  page = await browser.signedIn();
});
afterAll(async () => {
  for (const device of open) await device.close().catch(() => undefined);
  await browser.close();
  await service.close();
  restoreNames();
});

const list = (): Locator => page.getByRole('table', { name: 'Devices' });
const card = (name: string): Locator => page.getByRole('region', { name, exact: true });
const fact = (name: string): Locator => page.getByRole('definition').and(page.locator(`dt:text-is("${name}") + dd`));

test('the list asks for what is shown alone, and for more as somebody scrolls there', async () => {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === '/api/v1/devices') asked.push(searchParams.has('cursor') ? 'next' : 'first');
  });
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  await list()
    .getByRole('row', { name: /^gateway-1 / })
    .waitFor();
  await page.getByText('The first 60; scroll for more').waitFor();
  expect(asked.filter((which) => which === 'next')).toEqual([]);
  expect(await list().getByRole('row').count()).toBeLessThan(60);

  await page.getByRole('rowgroup', { name: 'Rows' }).hover();
  for (let turn = 0; turn < 40 && !(await page.getByText('181 devices', { exact: true }).isVisible()); turn++) {
    await page.mouse.wheel(0, 1_200);
    await page.waitForTimeout(50);
  }
  await page.getByText('181 devices', { exact: true }).waitFor();
  expect(asked.filter((which) => which === 'next')).toHaveLength(3);
  expect(await list().getByRole('row').count()).toBeLessThan(60);
});

test('a search narrows the list as it is typed, keeps its place in the address, and says what no id can be', async () => {
  await page.getByLabel('Id begins with').fill('thermostat-00');
  await page.getByText('9 devices', { exact: true }).waitFor();
  expect(new URL(page.url()).searchParams.get('idPrefix')).toBe('thermostat-00');
  await page.reload();
  await page.getByText('9 devices', { exact: true }).waitFor();
  await page.getByLabel('Status').selectOption('failed');
  await page.getByText('No device is like this.').waitFor();
  await page.getByLabel('Status').selectOption('');
  await page.getByLabel('Id begins with').fill('a b');
  await page.getByText('Ids have letters, digits and - . _ : only.').waitFor();
});

test('a search follows the keys without asking for each, and an answer that was overtaken is never shown', async () => {
  await page.goto(dashboardUrl(service, '/devices'));
  await page.getByText('The first 60; scroll for more').waitFor();
  const asked: (string | null)[] = [];
  const late: Promise<void>[] = [];
  const isSearch = (url: URL): boolean => url.pathname === '/api/v1/devices';
  const found = page.getByText('1 device', { exact: true });
  await page.route(isSearch, async (route) => {
    asked.push(new URL(route.request().url()).searchParams.get('idPrefix'));
    if (asked.length > 1) return route.continue();
    const answer = await route.fetch();
    // The first answer comes after all others.
    late.push(found.waitFor().then(() => route.fulfill({ response: answer })));
  });
  const overtaken = page.waitForEvent('requestfailed', (request) => isSearch(new URL(request.url())));
  const id = 'pump-042';
  await page.getByLabel('Id begins with').pressSequentially(id, { delay: 20 });
  await found.waitFor();
  expect([asked[0], asked.at(-1)]).toEqual(['p', id]);
  expect(asked.length).toBeLessThan(id.length);
  expect((await overtaken).failure()?.errorText).toContain('ABORTED');
  await Promise.allSettled(late);
  await page.waitForTimeout(100);
  await found.waitFor();
  expect(await list().getByRole('row').count()).toBe(2);
  await page.unroute(isSearch);
});

test('a search that is typed does not come back when the list is asked for otherwise', async () => {
  const search = page.getByLabel('Id begins with');
  await search.fill('');
  await page.getByText('The first 60; scroll for more').waitFor();
  // After a pause the first is searched at once, and the second waits while the link is followed.
  await page.evaluate(`(async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const field = document.querySelector('input[type="search"]');
    for (const text of ['pump-0', 'pump-04']) {
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    document.querySelector('nav a[href^="/dashboard/devices"]').click();
  })()`);
  await page.getByText('The first 60; scroll for more').waitFor();
  await page.waitForTimeout(250);
  expect([await search.inputValue(), new URL(page.url()).search]).toEqual(['', '']);
});

test('by keyboard alone: signing in, finding a device, opening it', async () => {
  const other = await browser.visitor();
  await other.getByLabel('Access token').waitFor();
  await other.keyboard.type(service.facts.apiToken);
  await other.keyboard.press('Enter');
  await other.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
  await tabTo(other, 'Devices');
  await other.keyboard.press('Enter');
  await other.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
  await tabTo(other, 'Id begins with');
  await other.keyboard.type('pump-042');
  await other.getByText('1 device', { exact: true }).waitFor();
  await tabTo(other, 'pump-042');
  await other.keyboard.press('Enter');
  await other.getByRole('heading', { level: 1, name: 'pump-042' }).waitFor();
  await other.context().close();
});

/** Presses the tabulator key until the focus is on what has this text or label. */
async function tabTo(of: Page, name: string): Promise<void> {
  const focused = `[document.activeElement.textContent, ...(document.activeElement.labels ?? [])].map((each) => each.textContent ?? each)`;
  const TABS_MAX = 40;
  for (let tab = 0; tab < TABS_MAX; tab++) {
    if ((await of.evaluate<string[]>(focused)).some((text) => text.trim() === name)) return;
    await of.keyboard.press('Tab');
  }
  throw new Error(`the focus does not come to ${name}`);
}

test('a device says where it is and why, what would happen next, and how its twin differs from its initial state', async () => {
  await page.goto(dashboardUrl(service, `/devices/${id}`));
  await card('Where it is, and why').getByText(hubA).first().waitFor();
  expect(await fact('Hub').textContent()).toBe(hubA);
  await card('Where it is, and why').getByRole('listitem').nth(1).waitFor();
  await card('If it registered now').getByText(`It would move from ${hubA} to ${hubB} with its twin.`).waitFor();
  await page.getByRole('row', { name: 'desired.interval 60 5' }).waitFor();
  await page.getByRole('row', { name: 'tags.site "north" "north"' }).waitFor();
  await page.getByLabel('Only what differs').check();
  await page.getByRole('row', { name: 'tags.site' }).waitFor({ state: 'detached' });
  await page.getByRole('row', { name: 'desired.interval 60 5' }).waitFor();
});

test('its move is seen while the page is open, and the slider goes back to before it', async () => {
  const [device] = fleet.thermostats;
  if (device === undefined) throw new Error('no device');
  await fleet.calls.register(device);
  await card('If it registered now').getByText(`It would stay at ${hubB}.`).waitFor();
  await fact('Hub')
    .and(page.getByText(hubB, { exact: true }))
    .waitFor();
  await card('Timeline').getByText('Twin migrated').waitFor();
  await page.getByRole('columnheader', { name: `At ${hubB}` }).waitFor();

  const slider = page.getByRole('slider');
  await slider.focus();
  const moments = Number(await slider.getAttribute('max'));
  expect(moments).toBeGreaterThan(4);
  for (let step = 0; step < moments; step++) {
    if (await page.getByRole('columnheader', { name: `At ${hubA}` }).isVisible()) break;
    await page.keyboard.press('ArrowLeft');
    await page.waitForTimeout(100);
  }
  await page.getByRole('columnheader', { name: `At ${hubA}` }).waitFor();
  await page.keyboard.press('Home');
  await page.getByText(/^after: /).waitFor();
  await page.keyboard.press('End');
  await page.getByText('as of its last event').waitFor();
});

test('a device that is connected comes back when it is asked to', async () => {
  const device = fleet.pumps[0];
  if (device === undefined) throw new Error('no device');
  await fleet.redirect('pumps', hubA);
  const doors = { ...service.endpoint, mqttPort: service.facts.mqttPort };
  const living = await HubDevice.connect({ doors, hub: hubB, deviceId: device.registrationId, key: device.key });
  open.push(living);
  living.onMethod('reprovision', () => {
    void fleet.calls.register(device);
    return { status: 200, payload: {} };
  });
  await page.goto(dashboardUrl(service, `/devices/${device.registrationId}`));
  await page.getByRole('button', { name: 'Reprovision now' }).click();
  await page.getByText('The device was asked, and comes back.').waitFor();
  await card('If it registered now').getByText(`It would stay at ${hubA}.`).waitFor();
  await fact('Hub')
    .and(page.getByText(hubA, { exact: true }))
    .waitFor();
  expect([browser.strays, browser.complaints]).toEqual([[], []]);
});
