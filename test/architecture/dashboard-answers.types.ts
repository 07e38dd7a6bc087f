import type { CampaignsController } from '@app/provisioning/campaigns/campaigns.controller';
import type { AuditEventsController } from '@app/provisioning/audit-history/audit-events.controller';
import type { DeviceHistoryController } from '@app/provisioning/audit-history/histories.controller';
import type { FleetStatusController } from '@app/provisioning/fleet-status/fleet-status.controller';
import type { DevicesController } from '@app/provisioning/management/devices.controller';
import type {
  EnrollmentGroupsReadController,
  IndividualEnrollmentsReadController,
} from '@app/provisioning/management/enrollments-read.controller';
import type { LinkedHubsController } from '@app/provisioning/management/linked-hubs.controller';
import type { PreviewController } from '@app/provisioning/management/preview.controller';
import type { ProjectionsController } from '@app/provisioning/management/projections.controller';
import type { EnrollmentGroupPolicyPreviewController } from '@app/provisioning/policy-preview/policy-preview.controller';
import type { ReprovisionController } from '@app/provisioning/reprovision/reprovision.controller';
import type { PastTwin } from '@app/provisioning/time-travel/past-device';
import type { WhyController } from '@app/provisioning/why/why.controller';
import type * as page from '../../apps/dashboard/src/api/types';
import type * as campaigns from '../../apps/dashboard/src/pages/campaigns/campaign-types';

/*
 * The page loads nothing of the service, so it says for itself what the service answers. Here the compiler holds the two together: a
 * route whose answer is not what a page takes it for is an error of `npm run typecheck`. It never runs.
 */

type Handler = (...args: never[]) => Promise<unknown>;
/** 304 has no body. */
type Answer<Route extends Handler> = Exclude<Awaited<ReturnType<Route>>, undefined>;
type Item<Route extends Handler> = Answer<Route> extends { readonly items: readonly (infer Each)[] } ? Each : never;

type KeysOf<Type> = Type extends unknown ? keyof Type : never;
/** Members that the page would look for in vain, however optional it takes them to be. */
type Unknown<Taken, Told> = Exclude<keyof Taken, KeysOf<Told>>;

/** What the page takes an answer for, and what the service tells: every member of the one is in the other, of a type that fits. */
type Fits<Taken, Told extends Taken & ([Unknown<Taken, Told>] extends [never] ? unknown : never)> = [Taken, Told];

export type Compared = [
  Fits<page.Device, Item<DevicesController['list']>>,
  Fits<page.Device, Answer<DevicesController['one']>>,
  Fits<page.TwinData, Answer<DevicesController['twin']> | PastTwin>,
  Fits<page.Why, Answer<WhyController['why']>>,
  Fits<page.Preview, Answer<PreviewController['preview']>>,
  Fits<page.ReprovisionAnswer, Answer<ReprovisionController['request']>>,
  Fits<page.AuditEvent, Item<DeviceHistoryController['history']>>,
  Fits<page.AuditEvent, Item<AuditEventsController['list']>>,
  Fits<page.WholeAuditEvent, Answer<AuditEventsController['one']>>,
  Fits<page.FleetStatus, Answer<FleetStatusController['status']>>,
  Fits<page.HubFlows, Answer<FleetStatusController['flows']>>,
  Fits<page.ProjectionStatus, Item<ProjectionsController['list']>>,
  Fits<page.LinkedHub, Item<LinkedHubsController['list']>>,
  Fits<page.LinkedHub, Answer<LinkedHubsController['one']>>,
  Fits<page.Enrollment, Item<IndividualEnrollmentsReadController['list']>>,
  Fits<page.Enrollment, Item<EnrollmentGroupsReadController['list']>>,
  Fits<page.PolicyEffects, Answer<EnrollmentGroupPolicyPreviewController['preview']>>,
  Fits<campaigns.Campaign, Item<CampaignsController['list']>>,
  Fits<campaigns.Campaign, Answer<CampaignsController['one']>>,
  Fits<campaigns.CampaignDevice, Item<CampaignsController['devices']>>,
  Fits<Pick<campaigns.Campaign, 'campaignId'>, Answer<CampaignsController['create']>>,
  Fits<campaigns.CampaignEffects, Answer<CampaignsController['preview']>>,
  Fits<page.Page<page.Device>, Answer<DevicesController['list']>>,
  Fits<page.Page<page.AuditEvent>, Answer<DeviceHistoryController['history']>>,
];

interface Told {
  readonly word: 'yes' | 'no';
}
/** That the comparison finds what differs. */
export type Differing = [
  // @ts-expect-error -- a word that the page does not know
  Fits<{ readonly word: 'yes' }, Told>,
  // @ts-expect-error -- a member that the service does not have
  Fits<{ readonly word: string; readonly since: string }, Told>,
  // @ts-expect-error -- one that the page would not miss
  Fits<{ readonly word: string; readonly since?: string }, Told>,
];
