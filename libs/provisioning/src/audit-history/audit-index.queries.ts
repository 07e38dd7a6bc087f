import { Actor } from '@app/event-sourcing';
import { text } from '../read-models/columns';
import { Condition, OrderColumn, Page, PageRequest, readPage, statementName } from '../read-models/page';
import { tableName } from '../read-models/table-name';
import { ReadDatabase, Row } from '../shared/read-database';
import { EnrollmentRef, enrollmentKey, timeKey } from './audit-facts';
import { auditIndexProjection, EVENTS_TABLE, HUBS_TABLE } from './audit-index.projection';

const EVENTS = tableName(auditIndexProjection, EVENTS_TABLE);
const HUBS = tableName(auditIndexProjection, HUBS_TABLE);

/** The character that comes next in the order of bytes. */
const AFTER_SLASH = '0';

/** Counting stops here: a larger number is only for a progress display. */
export const EVENTS_COUNTED_MAX = 1_000_000;

/** Everything left out lets all pass. Times are ISO 8601 UTC; `since` is inclusive, `until` is not. */
export interface AuditFilter {
  readonly type?: string | undefined;
  /** `name` undefined: everybody of that kind. */
  readonly actor?: { readonly kind: Actor['kind']; readonly name?: string | undefined } | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly hub?: string | undefined;
  readonly enrollment?: EnrollmentRef | undefined;
  readonly registrationId?: string | undefined;
}

/** Where an event is. */
export interface EventPlace {
  readonly position: string;
  readonly stream: string;
  readonly revision: bigint;
}

export type AuditOrder = 'asc' | 'desc';

function placeIn(row: Row): EventPlace {
  return { position: text(row, 'position'), stream: text(row, 'stream'), revision: BigInt(text(row, 'revision')) };
}

/** The columns of an event's own row stand under `e`, those of a hub's under `h`. */
interface Source {
  readonly from: string;
  readonly key: OrderColumn;
  readonly conditions: readonly Condition[];
}

/**
 * The narrowest index leads: a device's, an enrollment's or an actor's, else a hub's. Which one is not left to the planner: it would merge
 * the two tables by their common key and so walk through the whole log down to a hub's first event of some type.
 */
function sourceOf(filter: AuditFilter): Source {
  const { actor, hub, enrollment, registrationId } = filter;
  const named = [
    { sql: 'e.registration_key = $?', value: registrationId?.toLowerCase() },
    { sql: 'e.enrollment_key = $?', value: enrollment === undefined ? undefined : enrollmentKey(enrollment) },
    ...(actor === undefined ? [] : actorConditions(actor)),
  ];
  if (hub !== undefined && named.every(({ value }) => value === undefined)) {
    const event = `select * from ${EVENTS} where event_key = h.event_key offset 0`;
    return { from: `${HUBS} h cross join lateral (${event}) e`, ...ofHub(hub.toLowerCase(), filter) };
  }
  const row = `select from ${HUBS} h where h.hub_event_key = $? || '/' || e.event_key offset 0`;
  const atHub: Condition = { sql: `exists (${row})`, value: hub?.toLowerCase() };
  return { from: `${EVENTS} e`, key: keyOf('e.event_key'), conditions: [...named, ...conditionsOn('e', filter), atHub] };
}

/** All of a hub's rows are a range of their keys, which begin with it; those of one type have an index of their own. */
function ofHub(hub: string, filter: AuditFilter): Pick<Source, 'key' | 'conditions'> {
  if (filter.type !== undefined) {
    return { key: keyOf('h.event_key'), conditions: [{ sql: 'h.hub = $?', value: hub }, ...conditionsOn('h', filter)] };
  }
  const { since, until } = filter;
  const conditions: Condition[] = [
    { sql: 'h.hub_event_key >= $?', value: `${hub}/${since === undefined ? '' : timeKey(since)}` },
    { sql: 'h.hub_event_key < $?', value: until === undefined ? `${hub}${AFTER_SLASH}` : `${hub}/${timeKey(until)}` },
  ];
  return { key: keyOf('h.hub_event_key', `${hub}/`), conditions };
}

function keyOf(column: string, prefix = ''): OrderColumn {
  return { column, type: 'text', place: (row) => prefix + text(row, 'event_key') };
}

function conditionsOn(table: 'e' | 'h', { type, since, until }: AuditFilter): Condition[] {
  return [
    { sql: `${table}.type = $?`, value: type },
    { sql: `${table}.event_key >= $?`, value: since === undefined ? undefined : timeKey(since) },
    { sql: `${table}.event_key < $?`, value: until === undefined ? undefined : timeKey(until) },
  ];
}

/** A device acts in its own registration, which is indexed; the index of actors is of the others and has to be seen to hold the answer. */
function actorConditions({ kind, name }: NonNullable<AuditFilter['actor']>): Condition[] {
  if (kind === 'device') {
    return [
      { sql: 'e.actor_kind = $?', value: kind },
      { sql: 'e.registration_key = $?', value: name?.toLowerCase() },
    ];
  }
  return [
    { sql: "e.actor_kind <> 'device' and e.actor_kind = $?", value: kind },
    { sql: 'e.actor_name = $?', value: name },
  ];
}

/** A page of places by time and place in the log, newest first unless said otherwise. Error: `InvalidCursor`. */
export function listPlaces(
  database: ReadDatabase,
  filter: AuditFilter,
  order: AuditOrder,
  page: PageRequest,
): Promise<Page<EventPlace>> {
  const { from, key, conditions } = sourceOf(filter);
  return readPage(
    database,
    {
      name: 'audit_events',
      select: `select e.position, e.stream, e.revision, e.event_key from ${from}`,
      order: [key],
      direction: order,
      conditions,
      item: placeIn,
    },
    page,
  );
}

/** How many events there are, counted up to `EVENTS_COUNTED_MAX`. */
export async function countEvents(database: ReadDatabase, filter: AuditFilter): Promise<number> {
  const { from, conditions } = sourceOf(filter);
  const values: unknown[] = [];
  const where: string[] = [];
  for (const { sql, value } of conditions) {
    if (value === undefined) continue;
    values.push(value);
    where.push(sql.replaceAll('$?', `$${values.length}`));
  }
  const matching = `select 1 from ${from} ${where.length === 0 ? '' : `where ${where.join(' and ')}`}`;
  const text = `select count(*)::int as events from (${matching} limit ${EVENTS_COUNTED_MAX}) counted`;
  const [row] = await database.query<{ events: number }>({ name: statementName('audit_count', text), text, values });
  return row?.events ?? 0;
}

/** The event at a position, and those before and after it in the log; undefined where the index has none there. */
export async function findPlace(
  database: ReadDatabase,
  position: string,
): Promise<{ place: EventPlace; previous: EventPlace | undefined; next: EventPlace | undefined } | undefined> {
  const columns = 'position, stream, revision, event_key';
  const [row] = await database.query({
    name: 'audit_event.place',
    text: `select ${columns} from ${EVENTS} where position = $1`,
    values: [position],
  });
  if (row === undefined) return undefined;
  const beside = async (name: string, comparison: '<' | '>', direction: AuditOrder): Promise<EventPlace | undefined> => {
    const statement = `select ${columns} from ${EVENTS} where event_key ${comparison} $1 order by event_key ${direction} limit 1`;
    const [found] = await database.query({ name, text: statement, values: [text(row, 'event_key')] });
    return found === undefined ? undefined : placeIn(found);
  };
  const [previous, next] = await Promise.all([
    beside('audit_event.previous', '<', 'desc'),
    beside('audit_event.next', '>', 'asc'),
  ]);
  return { place: placeIn(row), previous, next };
}
