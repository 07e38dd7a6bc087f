import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { hubDuring } from '../read-models/device-status.projection';
import { registrationEventOf, registrationKey } from '../read-models/stored-event';
import { RegistrationEvent } from '../registrations/registration.events';

const TABLE = 'device_history';
/** Revisions are padded so that the keys of a device stand in the order of its stream. */
const REVISION_DIGITS = 12;

/** Undefined where neither status nor hub nor twin is another one after the event. */
function columns(event: RegistrationEvent): Record<string, ColumnValue> | undefined {
  switch (event.type) {
    case 'AssignmentStarted': {
      const { registrationId, plan, grounds } = event.data;
      return { status: 'assigning', registration_id: registrationId, ...at(hubDuring(plan, grounds.previousHub)) };
    }
    case 'TwinMigrated':
      return { status: 'assigning', twin_set: true, ...at(event.data.from) };
    case 'TwinReset': {
      const { from } = event.data;
      return { status: 'assigning', twin_set: true, ...(from === null ? asBefore : at(from)) };
    }
    case 'DeviceAssigned': {
      const { hub, deviceId } = event.data;
      return { status: 'assigned', device_id: deviceId, ...at(hub) };
    }
    case 'AssignmentFailed':
      return { status: 'failed', registration_id: event.data.registrationId, ...at(event.data.hub) };
    case 'RegistrationDisabled':
      return { status: 'disabled', registration_id: event.data.registrationId, ...asBefore };
    case 'RegistrationDeleted':
      return { status: 'deleted', ...at(null) };
    case 'DeviceStatusRecorded':
    case 'DeviceDeregistered':
    case 'ReprovisionRequested':
    case 'DestinationSet':
    case 'DestinationCleared':
      return undefined;
  }
}

function at(hub: string | null): Record<string, ColumnValue> {
  return { hub, hub_known: true };
}

/** The event does not say where the device is: it is where the row before says. */
const asBefore: Record<string, ColumnValue> = { hub: null, hub_known: false };

function project(recorded: RecordedEvent): readonly RowChange[] {
  const row = columns(registrationEventOf(recorded));
  if (row === undefined) return [];
  const registration = registrationKey(recorded);
  const revision = recorded.revision.toString();
  row.registration_key = registration;
  row.revision = revision;
  row.recorded_at = recorded.recordedAt;
  return [{ table: TABLE, op: 'upsert', key: `${registration}@${revision.padStart(REVISION_DIGITS, '0')}`, columns: row }];
}

/**
 * Where every device has been and how it stood: one row for each change, so that the fleet can be told as it was at any instant. An
 * instant is the time at which the log recorded things; what one stream recorded at the same time stands in the order of revisions.
 */
export const deviceHistoryProjection: Projection = {
  name: 'device-history',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'change_key',
      insertOnly: true,
      ddl: `
        create table $table (
          change_key text collate "C" primary key,
          registration_key text collate "C",
          registration_id text,
          revision bigint,
          recorded_at timestamptz,
          status text check (status in ('assigning', 'assigned', 'failed', 'disabled', 'deleted')),
          hub text collate "C",
          hub_known boolean,
          device_id text collate "C",
          twin_set boolean
        );
        create index on $table (registration_key, revision desc) include (recorded_at, status, hub, hub_known);
        create index on $table (recorded_at, registration_key) include (twin_set);
        create index on $table (device_id) where status = 'assigned';
      `,
    },
  ],
  eventTypes: [
    'AssignmentStarted',
    'TwinMigrated',
    'TwinReset',
    'DeviceAssigned',
    'AssignmentFailed',
    'RegistrationDisabled',
    'RegistrationDeleted',
  ],
  project,
};
