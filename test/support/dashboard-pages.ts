import type { Page } from 'playwright-core';
import { dashboardUrl } from './browser';
import { campaignUntil, startCampaign } from './campaigns';
import type { RunningService } from './running-service';
import type { SmallFleet } from './small-fleet';

export interface DashboardPage {
  readonly name: string;
  /** Behind /dashboard. */
  readonly path: string;
  /** Resolves when it shows what it is for. */
  readonly shown: (page: Page) => Promise<void>;
}

const CAMPAIGN = 'spring-clean';
const text = (wanted: string | RegExp) => (page: Page) => page.getByText(wanted).first().waitFor();

/** Something to see on every page: a campaign under way, a device that has moved, one that is on its way, one that failed. */
export async function busyFleet(fleet: SmallFleet): Promise<void> {
  const { service, calls, thermostats } = fleet;
  const [, hubB] = service.hubs;
  await fleet.redirect('thermostats', hubB);
  for (const device of thermostats.slice(0, 2)) await calls.register(device);
  await fleet.sendToSilentHub('stranded-1');
  const homeless = await calls.enroll({ iotHubs: [...service.hubs], allocationPolicy: 'static' }, 'homeless-1');
  await calls.register(homeless);
  const plan = { name: 'Spring clean', selection: { enrollmentGroupId: 'pumps' }, hubs: [service.hubs[0]], waveSize: 4 };
  await startCampaign(service, CAMPAIGN, plan);
  await campaignUntil(service, CAMPAIGN, ({ progress }) => progress.waiting === plan.waveSize);
  for (const pump of fleet.pumps.slice(0, 2)) await calls.register(pump);
  await campaignUntil(service, CAMPAIGN, ({ progress }) => progress.moved === 2);
  await service.caughtUp();
}

/** Every page of somebody who is signed in. */
export const dashboardPages: readonly DashboardPage[] = [
  { name: 'fleet', path: '/', shown: text('Live') },
  { name: 'devices', path: '/devices', shown: text('gateway-1') },
  { name: 'device', path: '/devices/thermostat-001', shown: text(/It would stay at/) },
  { name: 'enrollments', path: '/enrollments', shown: text('thermostats') },
  { name: 'enrollment', path: '/enrollments/group/thermostats', shown: text('Show the keys') },
  { name: 'new-enrollment', path: '/enrollments/individual', shown: text('Keys are made by the service.') },
  { name: 'hubs', path: '/hubs', shown: (page) => page.getByRole('button', { name: 'Cordon' }).first().waitFor() },
  { name: 'hub', path: '/hubs/hub-a.localhost', shown: text('Which devices it takes') },
  { name: 'campaigns', path: '/campaigns', shown: text('Spring clean') },
  { name: 'campaign', path: `/campaigns/${CAMPAIGN}`, shown: text('Progress') },
  { name: 'new-campaign', path: '/campaigns/new', shown: text('It begins only when it is started.') },
  { name: 'audit', path: '/audit', shown: text('Verify the log of this service') },
  { name: 'audit-event', path: '/audit/10', shown: text('Metadata') },
];

export async function show(page: Page, service: RunningService, { path, shown }: DashboardPage): Promise<void> {
  await page.goto(dashboardUrl(service, path));
  await shown(page);
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
}
