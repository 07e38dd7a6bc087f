import { ReadDatabase, Row } from '../shared/read-database';
import { instant, instantOrNull, numberOrNull, revision, text, textOrNull } from './columns';
import { hubMembershipProjection } from './hub-membership.projection';
import { OrderColumn, Page, PageRequest, readPage } from './page';
import { tableName } from './table-name';

/** A device in its hub; times are ISO 8601 UTC. */
export interface HubMembership {
  readonly registrationId: string;
  readonly deviceId: string;
  readonly hub: string;
  /** When the present stay began. */
  readonly since: string | null;
  /** The hub it came from; null when it was created here. */
  readonly from: string | null;
  /** The operation that brought it here. */
  readonly operationId: string | null;
  readonly generationId: string | null;
  /** When a registration last found the device here. */
  readonly confirmedAt: string;
  readonly revision: string;
}

export interface HubCount {
  readonly hub: string;
  readonly devices: number;
}

const TABLE = tableName(hubMembershipProjection);
const SELECT = `select registration_key, registration_id, device_id, hub, generation_id, since, since_operation_id, left_hub, left_operation_id,
  planned_from, planned_operation_id, confirmed_at, revision
from ${TABLE}`;

const byKey: OrderColumn = { column: 'registration_key', type: 'text', place: (row) => text(row, 'registration_key') };

export async function findHubMembership(database: ReadDatabase, registrationId: string): Promise<HubMembership | undefined> {
  const rows = await database.query({
    name: 'hub-membership.one',
    text: `${SELECT} where registration_key = $1 and hub is not null`,
    values: [registrationId.toLowerCase()],
  });
  return rows[0] === undefined ? undefined : membership(rows[0]);
}

/** Error: `InvalidCursor`. */
export function listHubDevices(database: ReadDatabase, hub: string, page: PageRequest): Promise<Page<HubMembership>> {
  const conditions = [{ sql: 'hub = $?', value: hub.toLowerCase() }];
  const query = { name: 'hub-membership.list', select: SELECT, order: [byKey], conditions, item: membership };
  return readPage(database, query, page);
}

/** Devices of every hub that has any, by name. */
export async function countHubDevices(database: ReadDatabase): Promise<HubCount[]> {
  const rows = await database.query({
    name: 'hub-membership.counts',
    text: `select hub, count(*) as devices from ${TABLE} where hub is not null group by hub order by hub`,
    values: [],
  });
  return rows.map((row) => ({ hub: text(row, 'hub'), devices: numberOrNull(row, 'devices') ?? 0 }));
}

export interface HubCountAmong extends HubCount {
  /** Those of the keys asked for that are at this hub. */
  readonly among: readonly string[];
}

/** As `countHubDevices`, and in the same snapshot which of these registrations (ids in lower case) are counted where. */
export async function countHubDevicesAmong(database: ReadDatabase, keys: readonly string[]): Promise<HubCountAmong[]> {
  const rows = await database.query({
    name: 'hub-membership.counts-among',
    text: `select hub, count(*) as devices, array_agg(registration_key) filter (where registration_key = any($1::text[])) as among
      from ${TABLE} where hub is not null group by hub`,
    values: [keys],
  });
  return rows.map((row) => ({
    hub: text(row, 'hub'),
    devices: numberOrNull(row, 'devices') ?? 0,
    among: Array.isArray(row.among) ? row.among.map(String) : [],
  }));
}

/** See the projection: a stay's origin is known from the event that ended the one before, else from the plan of the operation that began it. */
function cameFrom(row: Row): string | null {
  const operation = textOrNull(row, 'since_operation_id');
  if (operation === null) return null;
  if (operation === textOrNull(row, 'left_operation_id')) return textOrNull(row, 'left_hub');
  if (operation !== textOrNull(row, 'planned_operation_id')) return null;
  const planned = textOrNull(row, 'planned_from');
  return planned === textOrNull(row, 'hub') ? null : planned;
}

/** Of a row with a hub. */
export function membership(row: Row): HubMembership {
  return {
    registrationId: textOrNull(row, 'registration_id') ?? text(row, 'registration_key'),
    deviceId: text(row, 'device_id'),
    hub: text(row, 'hub'),
    since: instantOrNull(row, 'since'),
    from: cameFrom(row),
    operationId: textOrNull(row, 'since_operation_id'),
    generationId: textOrNull(row, 'generation_id'),
    confirmedAt: instant(row, 'confirmed_at'),
    revision: revision(row),
  };
}
