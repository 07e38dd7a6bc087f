import type { RunningService } from '@test/support/running-service';
import type { Figure } from '../report';
import { fleetDeviceOf } from './fleet-log';
import { figureOf, read, say, timed } from './timing';

export const PAGE_DEVICES = 60;
const SEARCHES = 300;
const PAGES_TURNED = 100;
/** As the page of a device asks for it. */
const TIMELINE_EVENTS = 200;
/** Spreads what is asked for over the fleet. */
const STEP = 7_919;

/** Another device in each run. */
export const deviceOfRun = (run: number, devices: number): string => fleetDeviceOf((run * STEP) % devices);

interface DevicesPage {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}

const page = (service: RunningService, query: string): Promise<DevicesPage> =>
  read(service, `/devices?limit=${PAGE_DEVICES}&${query}`);

async function searches(service: RunningService, name: string, queryOf: (run: number) => string): Promise<Figure> {
  say(`  ${name} …`);
  const timesMs: number[] = [];
  let found = 0;
  for (let run = 0; run < SEARCHES; run++) {
    const [{ items }, elapsedMs] = await timed(() => page(service, queryOf(run)));
    timesMs.push(elapsedMs);
    found += items.length;
  }
  return figureOf(name, timesMs, `, ${(found / SEARCHES).toFixed(0)} devices a page`);
}

/** The searches that the list of devices can be asked for. */
export async function measureSearches(service: RunningService, devices: number): Promise<Figure[]> {
  const prefix = (run: number): string => `idPrefix=${deviceOfRun(run, devices).slice(0, 4 + (run % 7))}`;
  const hub = (run: number): string => `hub=${service.hubs[run % 2 === 0 ? 0 : 1]}`;
  const turned: number[] = [];
  let cursor = '';
  for (let turn = 0; turn < PAGES_TURNED; turn++) {
    const [{ nextCursor }, elapsedMs] = await timed(() => page(service, cursor === '' ? '' : `cursor=${cursor}`));
    turned.push(elapsedMs);
    cursor = nextCursor ?? '';
  }
  return [
    await searches(service, 'search by the beginning of an id', prefix),
    await searches(service, 'the same, of one hub', (run) => `${prefix(run)}&${hub(run)}`),
    await searches(service, 'the same, failed', (run) => `${prefix(run)}&status=failed`),
    await searches(service, 'failed ones of one hub', (run) => `status=failed&${hub(run)}`),
    await searches(service, 'a policy that one device has', () => 'policy=never'),
    figureOf('the next page of everything', turned, `, ${PAGES_TURNED} pages`),
  ];
}

export async function measureCounts(service: RunningService): Promise<Figure[]> {
  say('  counts …');
  const ask = () => read<{ devices: number }>(service, '/fleet/status');
  const [{ devices }, firstMs] = await timed(ask);
  const timesMs: number[] = [];
  for (let run = 0; run < SEARCHES; run++) timesMs.push((await timed(ask))[1]);
  return [
    { name: 'counts of the fleet page, made', value: firstMs, unit: 'ms', note: `${devices} devices` },
    figureOf('the same, remembered', timesMs),
  ];
}

/** What the page of a device is made of, another device each time: one after the other, and all at once as the page asks. */
export async function measureDevicePages(service: RunningService, devices: number): Promise<Figure[]> {
  const path = (run: number): string => `/devices/${deviceOfRun(run, devices)}`;
  const history = (run: number): Promise<{ items: readonly unknown[] }> =>
    read(service, `${path(run)}/history?order=desc&limit=${TIMELINE_EVENTS}`);
  const why = (run: number): Promise<{ sentences: readonly string[] }> => read(service, `${path(run)}/why`);
  const whole = (run: number): Promise<unknown> =>
    Promise.all([read(service, path(run)), why(run), history(run), read(service, `${path(run)}/twin`)]);
  const each = async (name: string, ask: (run: number) => Promise<unknown>): Promise<Figure> => {
    say(`  ${name} …`);
    const timesMs: number[] = [];
    for (let run = 0; run < SEARCHES; run++) timesMs.push((await timed(() => ask(run)))[1]);
    return figureOf(name, timesMs);
  };
  const { items } = await history(0);
  const { sentences } = await why(0);
  if (items.length === 0 || sentences.length === 0) throw new Error(`${path(0)} has no past`);
  return [
    await each("a device's history", history),
    await each('why it is where it is', why),
    await each("a device's page: status, why, history and twin", whole),
  ];
}
