import { booleanOrNull, numberOrNull, text, textOrNull } from '../read-models/columns';
import type { DeviceStatusWord } from '../read-models/device-status.queries';
import { PAGE_ITEMS_DEFAULT, Page, PageRequest, decodeCursor, encodeCursor } from '../read-models/page';
import { ReadDatabase, Row } from '../shared/read-database';
import { HISTORY, hubOf, idOf } from './fleet.queries';

export const fleetChangeWords = ['moved', 'appeared', 'removed', 'statusChanged', 'twinChanged'] as const;
export type FleetChangeWord = (typeof fleetChangeWords)[number];

export interface Placement {
  readonly hub: string | null;
  readonly status: DeviceStatusWord;
}

export interface FleetChange {
  readonly registrationId: string;
  /** The first of these words that fits. */
  readonly change: FleetChangeWord;
  /** Null where the device was not registered then. */
  readonly from: Placement | null;
  readonly to: Placement | null;
  /** Whether a twin was written for it between the two, by a move, a reset or, where its log can be read, at the hub. */
  readonly twinChanged: boolean;
}

export interface FleetTotals {
  readonly moved: number;
  readonly appeared: number;
  readonly removed: number;
  readonly statusChanged: number;
  /** Of all devices, moved or not. */
  readonly twinsChanged: number;
}

export interface FleetDiff extends Page<FleetChange> {
  readonly from: string;
  readonly to: string;
  readonly totals: FleetTotals;
}

export interface DiffQuestion {
  /** ISO 8601 UTC, not after `to`. */
  readonly from: string;
  readonly to: string;
  /** Qualified name of the read model of changes at hubs; null where their log cannot be read. */
  readonly twinChangesTable: string | null;
}

const BETWEEN = 'recorded_at > $1::timestamptz and recorded_at <= $2::timestamptz';

/** How the device stood at parameter `$n`; no row where it was not registered then. */
function standing(parameter: number): string {
  return `select l.status, ${hubOf('l')} as hub from (
      select * from ${HISTORY} h where h.registration_key = t.registration_key and h.recorded_at <= $${parameter}::timestamptz
      order by h.revision desc limit 1
    ) l where l.status <> 'deleted'`;
}

/** Only devices that something happened to can differ; each is looked up at both ends. */
function differences(twinChangesTable: string | null, after: string): string {
  const atHubs =
    twinChangesTable === null
      ? ''
      : `union all
      select h.registration_key, true from ${HISTORY} h
        join (select distinct hub, device_id from ${twinChangesTable} where ${BETWEEN}) c on c.hub = h.hub and c.device_id = h.device_id
        where h.status = 'assigned'${after === '' ? '' : ` and h.${after}`}`;
  return `
    select t.registration_key, t.twin_changed, a.hub as from_hub, a.status as from_status, b.hub as to_hub, b.status as to_status,
      case when a.status is null then 'appeared' when b.status is null then 'removed'
        when a.hub is distinct from b.hub then 'moved' when a.status <> b.status then 'statusChanged' else 'twinChanged' end as change
    from (
      select registration_key, coalesce(bool_or(twin_set), false) as twin_changed from (
        select registration_key, twin_set from ${HISTORY} where ${BETWEEN}${after === '' ? '' : ` and ${after}`}
        ${atHubs}
      ) touched group by registration_key order by registration_key
    ) t
    left join lateral (${standing(1)}) a on true
    left join lateral (${standing(2)}) b on true
    where (a.status is not null or b.status is not null)
      and (t.twin_changed or a.hub is distinct from b.hub or a.status is distinct from b.status)`;
}

async function totalsOf(database: ReadDatabase, { from, to, twinChangesTable }: DiffQuestion): Promise<FleetTotals> {
  const rows = await database.query({
    name: `fleet.totals${twinChangesTable === null ? '' : '.hubs'}`,
    text: `select change, count(*) as devices, count(*) filter (where twin_changed) as twins
      from (${differences(twinChangesTable, '')}) d group by change`,
    values: [from, to],
  });
  const counts = new Map(rows.map((row) => [text(row, 'change'), numberOrNull(row, 'devices') ?? 0]));
  const count = (word: FleetChangeWord): number => counts.get(word) ?? 0;
  const twinsChanged = rows.reduce((sum, row) => sum + (numberOrNull(row, 'twins') ?? 0), 0);
  return {
    moved: count('moved'),
    appeared: count('appeared'),
    removed: count('removed'),
    statusChanged: count('statusChanged'),
    twinsChanged,
  };
}

/** What differs between two instants, by registration id. The totals are counted for the first page and go along in its cursor. */
export async function fleetDiff(database: ReadDatabase, question: DiffQuestion, page: PageRequest): Promise<FleetDiff> {
  const { from, to, twinChangesTable } = question;
  const limit = page.limit ?? PAGE_ITEMS_DEFAULT;
  const list = `fleet.diff ${from} ${to}`;
  const place = page.cursor === undefined ? undefined : readPlace(list, page.cursor);
  const totals = place?.totals ?? (await totalsOf(database, question));
  const differing = differences(twinChangesTable, 'registration_key > $3');
  const rows = await database.query({
    name: `fleet.diff${twinChangesTable === null ? '' : '.hubs'}`,
    text: `select d.*, ${idOf('d')} as registration_id from (${differing} order by t.registration_key limit $4) d order by d.registration_key`,
    values: [from, to, place?.key ?? '', limit + 1],
  });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  const nextCursor = more ? encodeCursor(list, [text(last, 'registration_key'), ...totalsAsText(totals)]) : null;
  return { from, to, totals, items: shown.map(fleetChange), nextCursor };
}

const TOTALS = ['moved', 'appeared', 'removed', 'statusChanged', 'twinsChanged'] as const satisfies (keyof FleetTotals)[];

const totalsAsText = (totals: FleetTotals): string[] => TOTALS.map((name) => String(totals[name]));

function readPlace(list: string, cursor: string): { readonly key: string; readonly totals: FleetTotals } {
  const [key = '', ...counts] = decodeCursor(list, TOTALS.length + 1, cursor);
  const [moved, appeared, removed, statusChanged, twinsChanged] = counts.map((count) => Number(count) || 0);
  return {
    key,
    totals: {
      moved: moved ?? 0,
      appeared: appeared ?? 0,
      removed: removed ?? 0,
      statusChanged: statusChanged ?? 0,
      twinsChanged: twinsChanged ?? 0,
    },
  };
}

function fleetChange(row: Row): FleetChange {
  return {
    registrationId: textOrNull(row, 'registration_id') ?? text(row, 'registration_key'),
    change: text(row, 'change') as FleetChangeWord,
    from: placement(row, 'from'),
    to: placement(row, 'to'),
    twinChanged: booleanOrNull(row, 'twin_changed') ?? false,
  };
}

function placement(row: Row, end: 'from' | 'to'): Placement | null {
  const status = textOrNull(row, `${end}_status`) as DeviceStatusWord | null;
  return status === null ? null : { hub: textOrNull(row, `${end}_hub`), status };
}
