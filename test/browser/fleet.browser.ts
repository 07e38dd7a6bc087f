import type { Locator, Page } from 'playwright-core';
import { graveFindings } from '@test/support/axe';
import { TestBrowser, startBrowser } from '@test/support/browser';
import { CutLine } from '@test/support/cut-line';
import { RunningService, startService } from '@test/support/running-service';
import { SmallFleet } from '@test/support/small-fleet';

/** From a device's request to the page that shows it; a machine shared with other tests is late now and then. */
const SHOWN_WITHIN_MS = 5_000;

let service: RunningService;
let fleet: SmallFleet;
let line: CutLine;
let browser: TestBrowser;
let page: Page;
let hubA: string;
let hubB: string;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  [hubA, hubB] = service.hubs;
  fleet = await SmallFleet.enroll(service);
  line = await CutLine.to(service.endpoint.port);
  browser = await startBrowser({ ...service, endpoint: { ...service.endpoint, port: line.port } });
  page = await browser.signedIn();
  await page.getByText('Live', { exact: true }).waitFor();
});
afterAll(async () => {
  await browser.close();
  await line.close();
  await service.close();
});

const tile = (name: string): Locator => page.getByRole('link', { name, exact: true });
const flows = (): Locator => page.getByRole('region', { name: 'Flows between hubs', exact: true });
const row = (hub: string, devices: number): Locator =>
  page.getByRole('region', { name: 'Hubs' }).getByRole('row', { name: new RegExp(`^${hub} \\S+ ${devices} `) });

test('tells how many devices each hub has, and how the registrations stand', async () => {
  for (const name of ['Devices 13', 'Assigned 13', 'Assigning 0', 'Failed 0', 'Disabled 0']) await tile(name).waitFor();
  await row(hubA, 6).waitFor();
  await row(hubB, 7).waitFor();
  await page.getByRole('img', { name: '13 registrations, 0 moves, 0 failures in the last hour' }).waitFor();
  await page.getByRole('region', { name: 'Read models' }).getByText('up to date').first().waitFor();
});

test('a device that is on its way is counted as assigning the moment it calls', async () => {
  const startedAtMs = performance.now();
  await fleet.sendToSilentHub('stranded-1');
  await tile('Assigning 1').waitFor();
  expect(performance.now() - startedAtMs).toBeLessThan(SHOWN_WITHIN_MS);
});

test('devices that move are seen to move while the page is open, without loading it again', async () => {
  const loads: string[] = [];
  page.on('framenavigated', (frame) => loads.push(frame.url()));
  await fleet.redirect('thermostats', hubB);
  const [first, second] = fleet.thermostats;
  if (first === undefined || second === undefined) throw new Error('no device');
  await fleet.calls.register(first);
  const startedAtMs = performance.now();
  await row(hubA, 5).waitFor();
  await row(hubB, 8).waitFor();
  await flows()
    .getByRole('row', { name: `${hubA} → ${hubB} 1 1 0`, exact: true })
    .waitFor();
  expect(performance.now() - startedAtMs).toBeLessThan(SHOWN_WITHIN_MS);
  await fleet.calls.register(second);
  await row(hubA, 4).waitFor();
  await row(hubB, 9).waitFor();
  await flows().getByRole('img', { name: '2 moves in 24 hours' }).waitFor();
  expect(loads).toEqual([]);
});

test('flows are told for the range that is chosen, with the keyboard alone, and the address keeps it', async () => {
  await flows().getByRole('radio', { name: '24 hours' }).focus();
  await page.keyboard.press('ArrowRight');
  await flows().getByRole('img', { name: '2 moves in 7 days' }).waitFor();
  await page.keyboard.press('ArrowRight');
  await flows().getByRole('img', { name: '2 moves in 30 days' }).waitFor();
  expect(new URL(page.url()).searchParams.get('flows')).toBe('30d');
  await page.reload();
  await flows().getByRole('img', { name: '2 moves in 30 days' }).waitFor();
  expect(await flows().getByRole('radio', { name: '30 days' }).isChecked()).toBe(true);
  await flows().getByRole('checkbox', { name: 'With first assignments' }).focus();
  await page.keyboard.press('Space');
  // The thirteen of the beginning; the one that is on its way has not come.
  await flows().getByRole('img', { name: '15 arrivals in 30 days' }).waitFor();
  await flows()
    .getByRole('row', { name: `first assignment → ${hubB} 7 – –`, exact: true })
    .waitFor();
});

test('the picture is a table, too, and both are accessible in light and dark', async () => {
  const today = flows().getByText('By day, UTC');
  await today.focus();
  await page.keyboard.press('Enter');
  const table = flows().getByRole('region', { name: 'By day, UTC' });
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date());
  await table.getByRole('row', { name: `${day} 7 6 2 15`, exact: true }).waitFor();
  for (const colours of ['dark', 'light']) {
    await page.getByLabel('Colours').selectOption(colours);
    expect(await graveFindings(page)).toEqual([]);
  }
});

test('a hub leads to its devices, and back', async () => {
  await page.getByRole('link', { name: hubA }).click();
  await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
  await page
    .getByRole('table', { name: 'Devices' })
    .getByRole('row', { name: /^thermostat-003 / })
    .waitFor();
  await page.getByText('4 devices', { exact: true }).waitFor();
  await page.goBack();
  await row(hubA, 4).waitFor();
});

test('when the service is out of reach it says so, and goes on by itself with what happened meanwhile', async () => {
  line.cut();
  await page.getByText('Reconnecting', { exact: true }).waitFor();
  const third = fleet.thermostats[2];
  if (third === undefined) throw new Error('no device');
  await fleet.calls.register(third);
  line.mend();
  await page.getByText('Live', { exact: true }).waitFor();
  await row(hubA, 3).waitFor();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  expect(browser.strays).toEqual([]);
});
