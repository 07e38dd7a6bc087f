import { Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { campaignCodec } from '../campaigns/campaign.events';
import { caCertificateCodec } from '../certificates/ca-certificate.events';
import { enrollmentCodec } from '../enrollments/enrollment.events';
import { deviceOf, hubsOf } from '../feed/event-facts';
import { erasureCodec } from '../erasure/erasure.events';
import { hubCodec } from '../hubs/hub.events';
import { registrationCodec } from '../registrations/registration.events';
import { webhookCodec } from '../webhooks/webhook.events';
import { enrollmentKey, enrollmentOf, eventKey } from './audit-facts';

export const EVENTS_TABLE = 'audit_index';
export const HUBS_TABLE = 'audit_index_hubs';

function project(recorded: RecordedEvent): readonly RowChange[] {
  const key = eventKey(recorded);
  const { stream, revision, type, position, metadata } = recorded;
  const enrollment = enrollmentOf(recorded);
  const columns = {
    position,
    stream,
    revision: revision.toString(),
    type,
    actor_kind: metadata.actor.kind,
    actor_name: metadata.actor.name,
    registration_key: deviceOf(recorded) ?? null,
    enrollment_key: enrollment === null ? null : enrollmentKey(enrollment),
  };
  const hubs = [...hubsOf(recorded)].map((hub): RowChange => {
    return { table: HUBS_TABLE, op: 'upsert', key: `${hub}/${key}`, columns: { hub, type, event_key: key } };
  });
  return [{ table: EVENTS_TABLE, op: 'upsert', key, columns }, ...hubs];
}

/**
 * Where in the log to find what an audit asks for; the events themselves stay there. One row an event, and one for each hub it names.
 * Keys begin with the time, so that one index serves a scope and any range of time within it. A device's own acts are found by its
 * registration, so the index of actors is of the others.
 */
export const auditIndexProjection: Projection = {
  name: 'audit-index',
  version: 1,
  tables: [
    {
      name: EVENTS_TABLE,
      keyColumn: 'event_key',
      insertOnly: true,
      ddl: `
        create table $table (
          event_key text collate "C" primary key,
          position text collate "C",
          stream text collate "C",
          revision bigint,
          type text collate "C",
          actor_kind text collate "C",
          actor_name text collate "C",
          registration_key text collate "C",
          enrollment_key text collate "C"
        );
        create index on $table (position);
        create index on $table (type, event_key);
        create index on $table (registration_key, event_key) where registration_key is not null;
        create index on $table (enrollment_key, event_key) where enrollment_key is not null;
        create index on $table (actor_kind, actor_name, event_key) where actor_kind <> 'device';
        create index on $table (actor_kind, event_key) where actor_kind <> 'device';
      `,
    },
    {
      name: HUBS_TABLE,
      keyColumn: 'hub_event_key',
      insertOnly: true,
      ddl: `
        create table $table (
          hub_event_key text collate "C" primary key,
          hub text collate "C",
          type text collate "C",
          event_key text collate "C"
        );
        create index on $table (hub, type, event_key);
      `,
    },
  ],
  eventTypes: [
    registrationCodec,
    enrollmentCodec,
    hubCodec,
    caCertificateCodec,
    campaignCodec,
    erasureCodec,
    webhookCodec,
  ].flatMap(({ types }) => types),
  project,
};
