import { Inject, Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { text, textOrNull } from '../read-models/columns';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { tableName } from '../read-models/table-name';
import { LinkedHubs } from '../hubs/linked-hubs';
import { Preview } from '../registrations/preview';
import { PreviewRegistration } from '../registrations/preview.query';
import { rendezvous } from '../registrations/rendezvous';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { CAMPAIGN_DEVICES_MAX } from './campaign.decider';
import { CampaignPlan } from './campaign.events';
import { CampaignSelection } from './campaign.selection';

/** Devices decided one by one; the rest of a larger selection is only counted. */
export const PREVIEW_DEVICES_MAX = 2_000;
const EXAMPLES_MAX = 20;
const AT_ONCE_MAX = 32;
/** Of a device whose last registration did not say. */
const API_VERSION_DEFAULT = '2019-03-31';

export type PreviewedEffect = 'migrate' | 'reset' | 'stay' | 'alreadyThere' | 'fail';

export interface PreviewedDevice {
  readonly registrationId: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly effect: PreviewedEffect;
  /** One sentence. */
  readonly reason: string;
}

/** What a campaign would do; nothing is stored, no hub is written to. */
export interface CampaignPreview {
  /** At most `CAMPAIGN_DEVICES_MAX`. */
  readonly selected: number;
  /** How many of them were decided one by one. */
  readonly examined: number;
  readonly waves: number;
  readonly effects: Readonly<Record<PreviewedEffect, number>>;
  readonly flows: readonly { readonly from: string | null; readonly to: string | null; readonly devices: number }[];
  /** The first ones of each effect. */
  readonly examples: readonly PreviewedDevice[];
}

const apiVersions = {
  name: 'campaign-preview.api-versions',
  text: `select registration_key, api_version from ${tableName(deviceStatusProjection)} where registration_key = any($1::text[])`,
};

/** The dry run of a campaign: the decider is asked for each device, as if the campaign had sent it. */
@Injectable()
export class CampaignPreviews {
  constructor(
    private readonly selection: CampaignSelection,
    private readonly hubs: LinkedHubs,
    private readonly queries: QueryBus,
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
  ) {}

  async preview(plan: CampaignPlan): Promise<CampaignPreview> {
    const found = await this.selection.find(plan.selection, CAMPAIGN_DEVICES_MAX);
    const looked = found.slice(0, PREVIEW_DEVICES_MAX);
    const devices: PreviewedDevice[] = [];
    for (let from = 0; from < looked.length; from += AT_ONCE_MAX) {
      devices.push(...(await this.previewed(plan, looked.slice(from, from + AT_ONCE_MAX))));
    }
    const waves = Math.ceil(found.length / plan.waveSize);
    return { selected: found.length, examined: looked.length, waves, ...summary(devices) };
  }

  private async previewed(plan: CampaignPlan, ids: readonly string[]): Promise<PreviewedDevice[]> {
    const { linked } = await this.hubs.readRecent();
    const candidates = plan.hubs.map((hub) => ({ hub, weight: linked.get(hub)?.allocationWeight ?? 1 }));
    const rows = await this.database.query({ ...apiVersions, values: [ids.map((id) => id.toLowerCase())] });
    const versions = new Map(rows.map((row) => [text(row, 'registration_key'), textOrNull(row, 'api_version')]));
    return Promise.all(
      ids.map(async (registrationId) => {
        const destination = { campaignId: 'preview', hub: rendezvous(registrationId, candidates) };
        const apiVersion = versions.get(registrationId.toLowerCase()) ?? API_VERSION_DEFAULT;
        const imagined = {
          apiVersion,
          payload: null,
          remoteAddress: null,
          enrollmentGroupId: null,
          callWebhook: false,
          destination,
        };
        return effectOf(registrationId, await this.queries.execute(new PreviewRegistration(registrationId, imagined)));
      }),
    );
  }
}

export function effectOf(registrationId: string, preview: Preview | undefined): PreviewedDevice {
  if (preview === undefined) {
    return { registrationId, from: null, to: null, effect: 'fail', reason: 'it has no enrollment any more' };
  }
  const { outcome, action, hub: to, previousHub: from, error, grounds } = preview;
  const known = { registrationId, from, to };
  if (outcome === 'refuse') return { ...known, effect: 'fail', reason: 'its enrollment is disabled' };
  if (outcome === 'fail') return { ...known, effect: 'fail', reason: error?.message ?? 'no hub can take it' };
  const reason = grounds?.reason ?? 'it is being assigned';
  if (action === 'migrate') return { ...known, effect: 'migrate', reason };
  if (action === 'reset' || action === 'create') return { ...known, effect: 'reset', reason };
  const isThere = grounds?.allocation.destination?.hub === to;
  return { ...known, effect: isThere ? 'alreadyThere' : 'stay', reason };
}

function summary(devices: readonly PreviewedDevice[]): Pick<CampaignPreview, 'effects' | 'flows' | 'examples'> {
  const effects = { migrate: 0, reset: 0, stay: 0, alreadyThere: 0, fail: 0 };
  const flows = new Map<string, { from: string | null; to: string | null; devices: number }>();
  const examples: PreviewedDevice[] = [];
  for (const device of devices) {
    effects[device.effect] += 1;
    if (effects[device.effect] <= EXAMPLES_MAX) examples.push(device);
    if (device.effect !== 'migrate' && device.effect !== 'reset') continue;
    const { from, to } = device;
    const key = JSON.stringify([from, to]);
    flows.set(key, { from, to, devices: (flows.get(key)?.devices ?? 0) + 1 });
  }
  return { effects, flows: [...flows.values()], examples };
}
