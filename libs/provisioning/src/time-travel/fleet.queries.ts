import { instant, numberOrNull, revision, text, textOrNull } from '../read-models/columns';
import type { DeviceStatusWord } from '../read-models/device-status.queries';
import { OrderColumn, Page, PageRequest, readPage } from '../read-models/page';
import { tableName } from '../read-models/table-name';
import { ReadDatabase, Row } from '../shared/read-database';
import { deviceHistoryProjection } from './device-history.projection';

export const HISTORY = tableName(deviceHistoryProjection);

/** How many devices there were at an instant, and where. */
export interface Fleet {
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly devices: number;
  /** Hubs that had any, by name. */
  readonly hubs: readonly { readonly hub: string; readonly devices: number }[];
  readonly statuses: readonly { readonly status: DeviceStatusWord; readonly devices: number }[];
}

export interface FleetDevice {
  readonly registrationId: string;
  readonly status: DeviceStatusWord;
  readonly hub: string | null;
  /** When this became so, ISO 8601 UTC. */
  readonly since: string;
  /** Of the registration's stream, decimal. */
  readonly revision: string;
}

export interface FleetFilter {
  readonly hub?: string | undefined;
  readonly status?: DeviceStatusWord | undefined;
}

/**
 * The hub of row `row`: its own, or where its event does not say one, that of the newest row before that says one. Only few events,
 * such as that a device was disabled, say none.
 */
export function hubOf(row: string): string {
  return `case when ${row}.hub_known then ${row}.hub else (
    select e.hub from ${HISTORY} e where e.registration_key = ${row}.registration_key and e.revision < ${row}.revision and e.hub_known
    order by e.revision desc limit 1) end`;
}

const LATEST = `select distinct on (registration_key) registration_key, revision, recorded_at, status, hub, hub_known
  from ${HISTORY} where recorded_at <= $1::timestamptz order by registration_key, revision desc`;
const PLACED = `select l.registration_key, l.revision, l.recorded_at, l.status, ${hubOf('l')} as hub
  from (${LATEST}) l where l.status <> 'deleted'`;

/** The registration id as it was written; rows of events that do not say it have none. */
export function idOf(row: string): string {
  return `(select i.registration_id from ${HISTORY} i
    where i.registration_key = ${row}.registration_key and i.registration_id is not null order by i.revision desc limit 1)`;
}

/** `at`: ISO 8601 UTC. Reads a row of every change before it: about a second for a million. */
export async function fleetAt(database: ReadDatabase, at: string): Promise<Fleet> {
  const rows = await database.query({
    name: 'fleet.counts',
    text: `select hub, status, count(*) as devices from (${PLACED}) p group by hub, status order by hub, status`,
    values: [at],
  });
  const hubs = new Map<string, number>();
  const statuses = new Map<DeviceStatusWord, number>();
  let devices = 0;
  for (const row of rows) {
    const count = numberOrNull(row, 'devices') ?? 0;
    const hub = textOrNull(row, 'hub');
    const status = text(row, 'status') as DeviceStatusWord;
    devices += count;
    if (hub !== null) hubs.set(hub, (hubs.get(hub) ?? 0) + count);
    statuses.set(status, (statuses.get(status) ?? 0) + count);
  }
  return {
    at,
    devices,
    hubs: [...hubs].map(([hub, count]) => ({ hub, devices: count })),
    statuses: [...statuses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([status, count]) => ({ status, devices: count })),
  };
}

const byKey: OrderColumn = { column: 'registration_key', type: 'text', place: (row) => text(row, 'registration_key') };

/** By registration id. Error: `InvalidCursor`. */
export function fleetDevices(
  database: ReadDatabase,
  at: string,
  filter: FleetFilter,
  page: PageRequest,
): Promise<Page<FleetDevice>> {
  const conditions = [
    // The first value becomes $1, which the select is about.
    { sql: '$?::timestamptz is not null', value: at },
    { sql: 'hub = $?', value: filter.hub?.toLowerCase() },
    { sql: 'status = $?', value: filter.status },
  ];
  const select = `select p.*, ${idOf('p')} as registration_id from (${PLACED}) p`;
  return readPage(database, { name: 'fleet.devices', select, order: [byKey], conditions, item: fleetDevice }, page);
}

function fleetDevice(row: Row): FleetDevice {
  return {
    registrationId: textOrNull(row, 'registration_id') ?? text(row, 'registration_key'),
    status: text(row, 'status') as DeviceStatusWord,
    hub: textOrNull(row, 'hub'),
    since: instant(row, 'recorded_at'),
    revision: revision(row),
  };
}
