import type { Page } from 'playwright-core';
import { dashboardUrl, startBrowser } from '@test/support/browser';
import type { RunningService } from '@test/support/running-service';
import type { Figure } from '../report';
import { PAGE_DEVICES, deviceOfRun } from './over-http';
import { figureOf, say, timed } from './timing';

const TYPED_SEARCHES = 20;
const OPENED_DEVICES = 20;
const WHEEL_TURNS = 60;
const WHEEL_PX = 1_000;

const beginning = /^The first \d+; scroll for more$/;

/** The list and the pages of devices as somebody has them before the eyes. */
export async function measureInBrowser(service: RunningService, devices: number): Promise<Figure[]> {
  say('  in Chromium …');
  const browser = await startBrowser(service);
  try {
    const open = await browser.signedIn();
    await open.goto(dashboardUrl(service, '/devices'));
    return [await typed(open, devices), ...(await scrolled(open)), await opened(open, service, devices)];
  } finally {
    await browser.close();
  }
}

async function typed(open: Page, devices: number): Promise<Figure> {
  const search = open.getByLabel('Id begins with');
  const timesMs: number[] = [];
  for (let run = 1; run <= TYPED_SEARCHES; run++) {
    await search.fill('');
    await open.getByText(beginning).waitFor();
    const [, elapsedMs] = await timed(async () => {
      await search.fill(deviceOfRun(run, devices));
      await open.getByText('1 device', { exact: true }).waitFor();
    });
    timesMs.push(elapsedMs);
  }
  await search.fill('');
  await open.getByText(beginning).waitFor();
  return figureOf('an id typed into the page, until its row is shown', timesMs, `, ${TYPED_SEARCHES} ids`);
}

async function scrolled(open: Page): Promise<Figure[]> {
  let requests = 0;
  open.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/v1/devices') requests += 1;
  });
  await open.getByRole('rowgroup', { name: 'Rows' }).hover();
  const rows = open.getByRole('table', { name: 'Devices' }).getByRole('row');
  let most = 0;
  for (let turn = 0; turn < WHEEL_TURNS; turn++) {
    await open.mouse.wheel(0, WHEEL_PX);
    most = Math.max(most, await rows.count());
  }
  const shown = (await open.getByText(beginning).textContent()) ?? '';
  const loaded = Number(/\d+/.exec(shown)?.[0]);
  return [
    {
      name: 'devices loaded after scrolling',
      value: loaded,
      unit: '',
      note: `${WHEEL_TURNS} turns of ${WHEEL_PX} px at 44 px a row`,
    },
    { name: 'requests for them', value: requests, unit: '', note: `pages of ${PAGE_DEVICES}` },
    { name: 'rows in the page at any time', value: most, unit: '', note: 'at most' },
  ];
}

/** With its script and style in the browser's cache, as for somebody who looks at one device after the other. */
async function opened(open: Page, service: RunningService, devices: number): Promise<Figure> {
  const timesMs: number[] = [];
  for (let run = 1; run <= OPENED_DEVICES; run++) {
    const [, elapsedMs] = await timed(async () => {
      await open.goto(dashboardUrl(service, `/devices/${deviceOfRun(run, devices)}`));
      await open.getByRole('region', { name: 'Timeline', exact: true }).getByText('Device assigned').first().waitFor();
      await open.getByRole('region', { name: 'Where it is, and why' }).getByRole('listitem').first().waitFor();
    });
    timesMs.push(elapsedMs);
  }
  const { name, value, unit, note = '' } = figureOf("a device's page opened, until timeline and why are shown", timesMs);
  return { name, value, unit, note: `${note}, its script from the browser's cache` };
}
