import { instant, instantOrNull, jsonOrNull, numberOrNull, text, textOrNull } from '../read-models/columns';
import { OrderColumn, Page, PageRequest, readPage } from '../read-models/page';
import { tableName } from '../read-models/table-name';
import { ReadDatabase, Row } from '../shared/read-database';
import { CampaignPlan, CampaignProgress, DeviceOutcome } from './campaign.events';
import { CampaignStatus } from './campaign.state';
import { campaignsProjection } from './campaigns.projection';

/** A campaign as its operator sees it; times are ISO 8601 UTC. */
export interface CampaignView {
  readonly campaignId: string;
  readonly name: string;
  readonly status: CampaignStatus;
  readonly plan: CampaignPlan;
  readonly wave: number;
  readonly progress: CampaignProgress;
  readonly abortReason: string | null;
  readonly undoneBy: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly releasedAt: string | null;
  readonly updatedAt: string;
}

/** A device that a campaign has sent. `outcome` is `waiting` until it has called. */
export interface CampaignDevice {
  readonly registrationId: string;
  readonly wave: number;
  readonly from: string | null;
  readonly to: string;
  readonly outcome: DeviceOutcome | 'waiting';
  /** Where it was when it settled. */
  readonly hub: string | null;
  readonly operationId: string | null;
  readonly detail: string | null;
  readonly sentAt: string;
  readonly settledAt: string | null;
}

const CAMPAIGNS = tableName(campaignsProjection, 'campaigns');
const DEVICES = tableName(campaignsProjection, 'campaign_devices');
const SELECT = `select * from ${CAMPAIGNS}`;

const byCreation: readonly OrderColumn[] = [
  { column: 'created_at', type: 'timestamptz', place: (row) => instant(row, 'created_at') },
  { column: 'campaign_key', type: 'text', place: (row) => text(row, 'campaign_key') },
];
const byDevice: readonly OrderColumn[] = [{ column: 'device_key', type: 'text', place: (row) => text(row, 'device_key') }];

/** Newest first. Error: `InvalidCursor`. */
export function listCampaigns(
  database: ReadDatabase,
  filter: { readonly status?: string | undefined },
  page: PageRequest,
): Promise<Page<CampaignView>> {
  const conditions = [{ sql: 'status = $?', value: filter.status }];
  const query = { name: 'campaigns.list', select: SELECT, order: byCreation, direction: 'desc', conditions, item: view } as const;
  return readPage(database, query, page);
}

export async function findCampaign(database: ReadDatabase, campaignId: string): Promise<CampaignView | undefined> {
  const rows = await database.query({
    name: 'campaigns.one',
    text: `${SELECT} where campaign_key = $1`,
    values: [campaignId.toLowerCase()],
  });
  return rows[0] === undefined ? undefined : view(rows[0]);
}

/** By registration id. Error: `InvalidCursor`. */
export function listCampaignDevices(
  database: ReadDatabase,
  filter: { readonly campaignId: string; readonly outcome?: string | undefined },
  page: PageRequest,
): Promise<Page<CampaignDevice>> {
  const conditions = [
    { sql: 'campaign_key = $?', value: filter.campaignId.toLowerCase() },
    { sql: 'outcome = $?', value: filter.outcome },
  ];
  const query = { name: 'campaigns.devices', select: `select * from ${DEVICES}`, order: byDevice, conditions, item: device };
  return readPage(database, query, page);
}

/** Ids of the campaigns that the process manager has something to do for. */
export async function findOpenCampaigns(database: ReadDatabase): Promise<string[]> {
  const rows = await database.query({
    name: 'campaigns.open',
    text: `select campaign_id from ${CAMPAIGNS} where is_open order by campaign_key`,
    values: [],
  });
  return rows.map((row) => text(row, 'campaign_id'));
}

function view(row: Row): CampaignView {
  const status = text(row, 'status');
  return {
    campaignId: text(row, 'campaign_id'),
    name: text(row, 'name'),
    status: (status !== 'aborted' && row.is_over === true ? 'ended' : status) as CampaignStatus,
    plan: jsonOrNull(row, 'plan') as CampaignPlan,
    wave: numberOrNull(row, 'wave') ?? 0,
    progress: jsonOrNull(row, 'progress') as CampaignProgress,
    abortReason: textOrNull(row, 'abort_reason'),
    undoneBy: textOrNull(row, 'undone_by'),
    createdAt: instant(row, 'created_at'),
    startedAt: instantOrNull(row, 'started_at'),
    endedAt: instantOrNull(row, 'ended_at'),
    releasedAt: instantOrNull(row, 'released_at'),
    updatedAt: instant(row, 'updated_at'),
  };
}

function device(row: Row): CampaignDevice {
  return {
    registrationId: text(row, 'registration_id'),
    wave: numberOrNull(row, 'wave') ?? 0,
    from: textOrNull(row, 'from_hub'),
    to: text(row, 'hub'),
    outcome: text(row, 'outcome') as CampaignDevice['outcome'],
    hub: textOrNull(row, 'hub_now'),
    operationId: textOrNull(row, 'operation_id'),
    detail: textOrNull(row, 'detail'),
    sentAt: instant(row, 'sent_at'),
    settledAt: instantOrNull(row, 'settled_at'),
  };
}
