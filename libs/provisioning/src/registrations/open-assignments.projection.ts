import { Projection, RecordedEvent, RowChange } from '@app/event-sourcing';

const TABLE = 'open_assignments';
const STREAM_PREFIX = 'registration-';

function project(event: RecordedEvent): readonly RowChange[] {
  const key = event.stream.slice(STREAM_PREFIX.length);
  switch (event.type) {
    case 'AssignmentStarted':
    case 'DeviceStatusRecorded':
    case 'TwinMigrated':
    case 'TwinReset':
      return [{ table: TABLE, op: 'upsert', key, columns: { moved_at: event.recordedAt } }];
    case 'DeviceAssigned':
    case 'AssignmentFailed':
    case 'RegistrationDeleted':
      return [{ table: TABLE, op: 'delete', key }];
    default:
      return [];
  }
}

/**
 * What the process manager has still to do: one row for every operation that has begun and not ended, with the time of its last
 * step. It is where recovery looks after a crash.
 */
export const openAssignmentsProjection: Projection = {
  name: 'open-assignments',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'registration_key',
      ddl: `
        create table $table (
          registration_key text collate "C" primary key,
          moved_at timestamptz
        );
        create index on $table (moved_at);
      `,
    },
  ],
  eventTypes: [
    'AssignmentStarted',
    'DeviceStatusRecorded',
    'TwinMigrated',
    'TwinReset',
    'DeviceAssigned',
    'AssignmentFailed',
    'RegistrationDeleted',
  ],
  project,
};
