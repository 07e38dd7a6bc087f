import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { CampaignEvent, CampaignProgress, campaignCodec } from './campaign.events';

const CAMPAIGNS = 'campaigns';
const DEVICES = 'campaign_devices';
const STREAM_PREFIX = 'campaign-';

const nothing: CampaignProgress = { selected: 0, queued: 0, waiting: 0, moved: 0, stayed: 0, failed: 0, recalled: 0 };

/** `is_open`: the process manager has something to do for it. */
function campaignColumns(event: CampaignEvent): Record<string, ColumnValue> {
  switch (event.type) {
    case 'CampaignCreated': {
      const { campaignId, plan, at } = event.data;
      const created = { campaign_id: campaignId, name: plan.name, plan, created_at: at, is_open: false, wave: 0 };
      return { ...created, status: 'draft', progress: nothing };
    }
    case 'CampaignStarted':
      return { status: 'running', started_at: event.data.at, is_open: true };
    case 'CampaignPaused':
      return { status: 'paused' };
    case 'CampaignResumed':
      return { status: 'running' };
    case 'DevicesSelected':
    case 'DevicesSettled':
      return { progress: event.data.progress };
    case 'WaveStarted':
      return { progress: event.data.progress, wave: event.data.wave };
    case 'WaveEnded':
      return {};
    case 'CampaignAborted':
      // One that never began has nobody to recall, but its process says so.
      return { status: 'aborted', abort_reason: event.data.reason, progress: event.data.progress, is_open: true };
    case 'CampaignEnded':
      // An aborted campaign ends too, and stays one that was aborted.
      return { progress: event.data.progress, ended_at: event.data.at, is_open: false, is_over: true };
    case 'CampaignUndone':
      return { undone_by: event.data.by };
    case 'CampaignReleaseRequested':
      return { is_open: true };
    case 'CampaignReleased':
      return { released_at: event.data.at, is_open: false };
  }
}

function deviceChanges(campaign: string, event: CampaignEvent): readonly RowChange[] {
  const change = (registrationId: string, columns: Record<string, ColumnValue>): RowChange => {
    const key = `${campaign}/${registrationId.toLowerCase()}`;
    return {
      table: DEVICES,
      op: 'upsert',
      key,
      columns: { campaign_key: campaign, registration_id: registrationId, ...columns },
    };
  };
  if (event.type === 'WaveStarted') {
    const { wave, devices, at } = event.data;
    return devices.map(({ registrationId, from, hub }) =>
      change(registrationId, { wave, from_hub: from, hub, outcome: 'waiting', sent_at: at }),
    );
  }
  if (event.type !== 'DevicesSettled') return [];
  const { devices, at } = event.data;
  return devices.map(({ registrationId, outcome, hub, operationId, detail }) =>
    change(registrationId, { outcome, hub_now: hub, operation_id: operationId, detail, settled_at: at }),
  );
}

function project(recorded: RecordedEvent): readonly RowChange[] {
  const key = recorded.stream.slice(STREAM_PREFIX.length);
  const event = campaignCodec.decode(recorded);
  const columns = { ...campaignColumns(event), updated_at: event.data.at, revision: recorded.revision.toString() };
  return [{ table: CAMPAIGNS, op: 'upsert', key, columns }, ...deviceChanges(key, event)];
}

/** Campaigns with their progress, and the devices that each has sent. */
export const campaignsProjection: Projection = {
  name: 'campaigns',
  version: 1,
  tables: [
    {
      name: CAMPAIGNS,
      keyColumn: 'campaign_key',
      ddl: `
        create table $table (
          campaign_key text collate "C" primary key,
          campaign_id text,
          name text,
          plan jsonb,
          status text,
          is_open boolean,
          is_over boolean,
          wave integer,
          progress jsonb,
          abort_reason text,
          undone_by text,
          created_at timestamptz,
          started_at timestamptz,
          ended_at timestamptz,
          released_at timestamptz,
          updated_at timestamptz,
          revision bigint
        );
        create index on $table (created_at, campaign_key);
        create index on $table (campaign_key) where is_open;
      `,
    },
    {
      name: DEVICES,
      keyColumn: 'device_key',
      ddl: `
        create table $table (
          device_key text collate "C" primary key,
          campaign_key text collate "C",
          registration_id text,
          wave integer,
          from_hub text,
          hub text,
          hub_now text,
          outcome text,
          operation_id text,
          detail text,
          sent_at timestamptz,
          settled_at timestamptz
        ) with (fillfactor = 80);
        create index on $table (campaign_key, outcome, device_key);
        create index on $table (campaign_key, device_key);
      `,
    },
  ],
  eventTypes: campaignCodec.types,
  project,
};
