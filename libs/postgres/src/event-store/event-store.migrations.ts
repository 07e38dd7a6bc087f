import { Migration } from '../migrations';

/** Joins texts into one parameter: JSON and checked names never hold this character in the raw. */
export const SEPARATOR = '\u001e';
const separator = `U&'\\001E'`;

const createTable = `
create table $schema.events (
  position bigint primary key,
  stream text collate "C" not null,
  revision bigint not null check (revision >= 0),
  id uuid not null unique,
  type text not null,
  -- json keeps the text as it was written, \\u0000 included; jsonb would refuse or reorder it.
  data json not null,
  metadata json not null,
  recorded_at timestamptz not null default clock_timestamp(),
  unique (stream, revision)
);

create function $schema.refuse_change() returns trigger language plpgsql as $function$
begin
  raise exception 'events are never changed or removed (% on %)', tg_op, tg_table_name;
end $function$;

create trigger events_are_immutable before update or delete or truncate on $schema.events
  for each statement execute function $schema.refuse_change();
`;

/**
 * Both functions take the one lock of all writers and hold it to the commit. So positions become visible in their order, and a reader
 * that has seen position n will never find anything new below it. Being functions, they see what was committed before they got the lock.
 * Expected revisions: -2 any, -1 none.
 */
const takeLock = `
  perform pg_advisory_xact_lock(hashtextextended('$schema.append', 0));
  select coalesce(max(e.position), 0) into head from $schema.events e;`;

/** A hint to subscribers, once per batch; the server sends it after the commit. */
const notify = `perform pg_notify('$schema.appended', '');`;

const headRevision = (stream: string): string =>
  `coalesce((select e.revision from $schema.events e where e.stream = ${stream} order by e.revision desc limit 1), -1)`;

const list = (parameter: string): string => `string_to_array(${parameter}, ${separator})`;

/** For appends to streams that differ from each other: a fixed number of statements whatever the size of the batch. */
const appendDistinct = `
create function $schema.append_distinct(
  p_streams text, p_expected bigint[], p_counts int[],
  p_owners int[], p_indexes int[], p_ids uuid[], p_types text, p_data text, p_metadata text
) returns table (accepted boolean, last_revision bigint, last_position bigint) language plpgsql as $function$
declare
  head bigint;
  revisions bigint[];
  fits boolean[];
begin
  ${takeLock}
  select array_agg(r.revision order by r.ordinal), array_agg(r.expected in (-2, r.revision) order by r.ordinal)
    into revisions, fits
    from (
      select q.ordinal, q.expected, ${headRevision('q.stream')} as revision
      from unnest(${list('p_streams')}, p_expected) with ordinality as q (stream, expected, ordinal)
    ) r;
  insert into $schema.events (position, stream, revision, id, type, data, metadata)
    select head + row_number() over (order by e.ordinal), streams.names[e.owner], revisions[e.owner] + e.index, e.id, e.type,
      e.data::json, e.metadata::json
    from (select ${list('p_streams')} as names) streams,
      unnest(p_owners, p_indexes, p_ids, ${list('p_types')}, ${list('p_data')}, ${list('p_metadata')})
        with ordinality as e (owner, index, id, type, data, metadata, ordinal)
    where fits[e.owner]
    order by e.ordinal;
  ${notify}
  return query
    select r.fits, r.revision + r.count, head + (sum(r.count) filter (where r.fits) over (order by r.ordinal))::bigint
    from unnest(fits, revisions, p_counts) with ordinality as r (fits, revision, count, ordinal)
    order by r.ordinal;
end $function$;
`;

/** For a single append, for several to one stream, and for whatever may be a retry: one after the other, each seeing those before. */
const appendInOrder = `
create function $schema.append_in_order(
  p_streams text, p_expected bigint[], p_counts int[], p_ids uuid[], p_types text, p_data text, p_metadata text
) returns table (outcome text, last_revision bigint, last_position bigint) language plpgsql as $function$
declare
  head bigint;
  streams text[] := ${list('p_streams')};
  types text[] := ${list('p_types')};
  data text[] := ${list('p_data')};
  metadata text[] := ${list('p_metadata')};
  first int := 1;
  last int;
  known record;
begin
  ${takeLock}
  for i in 1 .. cardinality(streams) loop
    last := first + p_counts[i] - 1;
    select count(*) as events, max(e.revision) as revision, max(e.position) as position,
        count(*) filter (where e.stream = streams[i] and e.type = r.type and e.data::text = r.data) as same,
        max(e.revision - r.ordinal) - min(e.revision - r.ordinal) as disorder
      into known
      from unnest(p_ids[first : last], types[first : last], data[first : last]) with ordinality as r (id, type, data, ordinal)
      cross join lateral (select * from $schema.events s where s.id = r.id limit 1) e;
    if known.events > 0 then
      outcome := case when known.same = p_counts[i] and known.disorder = 0 then 'repeated' else 'reused' end;
      last_revision := known.revision;
      last_position := known.position;
    else
      last_revision := ${headRevision('streams[i]')};
      outcome := case when p_expected[i] in (-2, last_revision) then 'appended' else 'conflict' end;
      if outcome = 'appended' then
        insert into $schema.events (position, stream, revision, id, type, data, metadata)
          select head + r.ordinal, streams[i], last_revision + r.ordinal, r.id, r.type, r.data::json, r.metadata::json
          from unnest(p_ids[first : last], types[first : last], data[first : last], metadata[first : last])
            with ordinality as r (id, type, data, metadata, ordinal);
        head := head + p_counts[i];
        last_revision := last_revision + p_counts[i];
      end if;
      last_position := head;
    end if;
    return next;
    first := last + 1;
  end loop;
  ${notify}
end $function$;
`;

export const EVENT_STORE_MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'events', sql: createTable + appendDistinct + appendInOrder },
  {
    number: 2,
    name: 'nothing of an event that its readers do not see',
    // Readers see milliseconds, and positions from 1 on; what they do not see, no verification could vouch for.
    sql: 'alter table $schema.events alter column recorded_at type timestamptz(3), add check (position > 0)',
  },
];
