import { EventToAppend, JsonObject, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { randomUUID } from 'node:crypto';

/** Events of an imaginary log: a thing is set up, noted, dropped; a count of what happened to it cannot hide a change done twice. */
export function thingEvent(type: string, data: JsonObject): EventToAppend {
  const id = randomUUID();
  return { id, type, data, metadata: { actor: { kind: 'system', name: 'test' }, correlationId: id, causationId: id } };
}

const key = (event: RecordedEvent): string => event.stream.slice('thing-'.length);

/** The present state of each thing; columns stay unless an event names them. */
export const thingsProjection: Projection = {
  name: 'things',
  version: 1,
  tables: [
    {
      name: 'things',
      keyColumn: 'thing',
      ddl: `create table $table (thing text collate "C" primary key, colour text, size integer, note jsonb, seen_at timestamptz);
            create index on $table (colour, thing);`,
    },
  ],
  eventTypes: ['ThingSet', 'ThingNoted', 'ThingDropped'],
  project(event): readonly RowChange[] {
    switch (event.type) {
      case 'ThingSet':
        return [{ table: 'things', op: 'upsert', key: key(event), columns: event.data }];
      case 'ThingNoted':
        return [{ table: 'things', op: 'upsert', key: key(event), columns: { note: event.data, seen_at: event.recordedAt } }];
      default:
        return [{ table: 'things', op: 'delete', key: key(event) }];
    }
  },
};

/** One row an event, which the database refuses to write again: anything projected twice or not at all shows. */
export const journalProjection: Projection = {
  name: 'journal',
  version: 1,
  tables: [
    {
      name: 'journal',
      keyColumn: 'place',
      insertOnly: true,
      ddl: `create table $table (place text primary key, thing text, revision bigint, type text);
            create or replace function read_models.refuse() returns trigger language plpgsql as
              $body$ begin raise exception 'projected twice'; end $body$;
            create trigger once before update or delete on $table for each row execute function read_models.refuse();`,
    },
  ],
  eventTypes: ['ThingSet', 'ThingNoted', 'ThingDropped'],
  project: (event) => [
    {
      table: 'journal',
      op: 'upsert',
      key: event.position,
      columns: { thing: key(event), revision: event.revision, type: event.type },
    },
  ],
};

/** Throws at every `ThingDropped` of the thing `poison`. */
export const touchyProjection: Projection = {
  ...journalProjection,
  name: 'touchy',
  tables: [{ name: 'touchy', keyColumn: 'place', ddl: 'create table $table (place text primary key, thing text)' }],
  project(event) {
    if (event.type === 'ThingDropped' && key(event) === 'poison') throw new Error('cannot take this');
    return [{ table: 'touchy', op: 'upsert', key: event.position, columns: { thing: key(event) } }];
  },
};
