import { HubConnection, HubGateway } from '@app/hub-gateway';
import { LinkedHubs } from '../hubs/linked-hubs';
import { text } from '../read-models/columns';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { hubMembershipProjection } from '../read-models/hub-membership.projection';
import { tableName } from '../read-models/table-name';
import { ReadDatabase } from '../shared/read-database';
import { Selection } from './campaign.events';
import { Campaign } from './campaign.state';
import { CampaignStore } from './campaign.store';

/** Registrations read at a time. */
const PAGE_MAX = 5_000;

const STATUS = tableName(deviceStatusProjection);
const MEMBERSHIP = tableName(hubMembershipProjection);

const byHub = {
  name: 'campaign-selection.hub',
  text: `select registration_key, registration_id from ${STATUS}
    where assigned_hub = $1 and registration_key > $2 order by registration_key limit ${PAGE_MAX}`,
};
const byGroup = {
  name: 'campaign-selection.group',
  text: `select registration_key, registration_id from ${STATUS}
    where enrollment_key = $1 and enrollment_kind = 'group' and assigned_hub is not null and registration_key > $2
    order by registration_key limit ${PAGE_MAX}`,
};
const byDeviceIds = {
  name: 'campaign-selection.device-ids',
  text: `select registration_id from ${MEMBERSHIP} where hub = $1 and device_id = any($2::text[]) order by registration_key`,
};

/** Finds the devices that a campaign is for, as they are now. */
export class CampaignSelection {
  constructor(
    private readonly database: ReadDatabase,
    private readonly hubs: LinkedHubs,
    private readonly gateway: Pick<HubGateway, 'devicesTagged'>,
    private readonly campaigns: CampaignStore,
  ) {}

  /** Registration ids, at most `countMax`, each once. Errors: `HubRefused`, `HubUnreachable` where hubs are asked for tags. */
  async find(selection: Selection, countMax: number): Promise<string[]> {
    const found = new Map<string, string>();
    for await (const page of this.pages(selection)) {
      for (const registrationId of page) {
        if (found.size < countMax) found.set(registrationId.toLowerCase(), registrationId);
      }
      if (found.size >= countMax) break;
    }
    return [...found.values()];
  }

  private pages(selection: Selection): AsyncIterable<readonly string[]> {
    switch (selection.by) {
      case 'hub':
        return this.registered(byHub, selection.hub.toLowerCase());
      case 'enrollmentGroup':
        return this.registered(byGroup, selection.enrollmentGroupId.toLowerCase());
      case 'tag':
        return this.tagged(selection);
      case 'devices':
        return only(Promise.resolve(selection.registrationIds));
      case 'undo':
        return only(this.movedBy(selection.campaignId));
    }
  }

  private async *registered(
    statement: { readonly name: string; readonly text: string },
    value: string,
  ): AsyncGenerator<readonly string[]> {
    for (let after = ''; ;) {
      const rows = await this.database.query({ ...statement, values: [value, after] });
      yield rows.map((row) => text(row, 'registration_id'));
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_MAX) return;
      after = text(last, 'registration_key');
    }
  }

  private async *tagged(tag: Extract<Selection, { by: 'tag' }>): AsyncGenerator<readonly string[]> {
    const { linked } = await this.hubs.read();
    for (const hostName of linked.keys()) {
      const hub = await this.hubs.connectionTo(hostName);
      if (hub !== undefined) yield* this.taggedAt(hub, tag);
    }
  }

  private async *taggedAt(hub: HubConnection, tag: Extract<Selection, { by: 'tag' }>): AsyncGenerator<readonly string[]> {
    let continuation: string | undefined;
    do {
      const page = await this.gateway.devicesTagged(hub, tag, continuation);
      const rows = await this.database.query({ ...byDeviceIds, values: [hub.hostName.toLowerCase(), [...page.deviceIds]] });
      yield rows.map((row) => text(row, 'registration_id'));
      continuation = page.continuation;
    } while (continuation !== undefined);
  }

  private async movedBy(campaignId: string): Promise<readonly string[]> {
    const campaign = await this.campaigns.read(campaignId);
    return campaign.status === 'absent' ? [] : [...undoable(campaign)];
  }
}

/** Devices that the campaign has taken from another hub. */
function* undoable({ moved }: Campaign): Generator<string> {
  for (const { registrationId, from, hub } of moved.values()) if (from !== null && from !== hub) yield registrationId;
}

async function* only(ids: Promise<readonly string[]>): AsyncGenerator<readonly string[]> {
  yield await ids;
}
