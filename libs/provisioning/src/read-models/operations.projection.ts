import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { Grounds, RegistrationEvent } from '../registrations/registration.events';
import { registrationEventOf, registrationKey } from './stored-event';

const TABLE = 'operations';

function decisionColumns(grounds: Grounds): Record<string, ColumnValue> {
  return {
    enrollment_kind: grounds.enrollment.kind,
    enrollment_id: grounds.enrollment.id,
    policy: grounds.policy.effective,
    reason: grounds.reason,
    grounds,
  };
}

function columns(event: RegistrationEvent): Record<string, ColumnValue> | undefined {
  switch (event.type) {
    case 'AssignmentStarted': {
      const { registrationId, deviceId, plan, grounds, at } = event.data;
      return {
        ...decisionColumns(grounds),
        registration_id: registrationId,
        device_id: deviceId,
        action: plan.action,
        status: 'assigning',
        from_hub: grounds.previousHub,
        to_hub: plan.to,
        started_at: at,
      };
    }
    case 'DeviceStatusRecorded':
      return { status_recorded_at: event.data.at };
    case 'TwinMigrated':
    case 'TwinReset':
      return { twin_placed_at: event.data.at };
    case 'DeviceDeregistered':
      return { deregistered_at: event.data.at };
    case 'DeviceAssigned':
      return { status: 'assigned', substatus: event.data.substatus, ended_at: event.data.at };
    case 'AssignmentFailed': {
      const { registrationId, errorCode, errorMessage, hub, grounds, at } = event.data;
      const outcome = {
        registration_id: registrationId,
        status: 'failed',
        error_code: errorCode,
        error_message: errorMessage,
        ended_at: at,
      };
      // Grounds come with a failure that had no beginning: it started and ended with the decision.
      return grounds === null ? outcome : { ...decisionColumns(grounds), ...outcome, from_hub: hub, started_at: at };
    }
    case 'RegistrationDisabled': {
      const { registrationId, enrollment, at } = event.data;
      return {
        registration_id: registrationId,
        status: 'disabled',
        enrollment_kind: enrollment.kind,
        enrollment_id: enrollment.id,
        reason: 'the enrollment is disabled',
        started_at: at,
        ended_at: at,
      };
    }
    case 'RegistrationDeleted':
    case 'ReprovisionRequested':
    case 'DestinationSet':
    case 'DestinationCleared':
      return undefined;
  }
}

function project(recorded: RecordedEvent): readonly RowChange[] {
  const event = registrationEventOf(recorded);
  const row = columns(event);
  if (row === undefined || !('operationId' in event.data)) return [];
  const registration = { registration_key: registrationKey(recorded), revision: recorded.revision.toString() };
  return [{ table: TABLE, op: 'upsert', key: event.data.operationId, columns: { ...row, ...registration } }];
}

/**
 * One row an operation, kept when the registration is deleted: it is what happened, not what is.
 *
 * The last index is what flows between hubs are counted from: devices that came to a hub from another one or from none, by when. It has
 * all that is asked, and no row of a device that stayed. Counters for each hour would need an event that says both where a device came
 * from and that it has arrived, and there is none; rows of their own would repeat these, and take 10 to 15 µs of the database for each
 * provisioning, where the entry in this index is less than can be measured beside the 28 µs of the row.
 */
export const operationsProjection: Projection = {
  name: 'operations',
  version: 2,
  tables: [
    {
      name: TABLE,
      keyColumn: 'operation_id',
      ddl: `
        create table $table (
          operation_id text collate "C" primary key,
          registration_key text collate "C",
          registration_id text,
          device_id text,
          action text check (action in ('create', 'keep', 'migrate', 'reset')),
          status text check (status in ('assigning', 'assigned', 'failed', 'disabled')),
          substatus text,
          from_hub text,
          to_hub text,
          enrollment_kind text,
          enrollment_id text,
          policy text,
          reason text,
          grounds jsonb,
          error_code integer,
          error_message text,
          started_at timestamptz,
          status_recorded_at timestamptz,
          twin_placed_at timestamptz,
          deregistered_at timestamptz,
          ended_at timestamptz,
          revision bigint
        ) with (fillfactor = 80);
        create index on $table (started_at, operation_id);
        create index on $table (registration_key, started_at, operation_id);
        create index on $table (status, started_at, operation_id);
        create index on $table (ended_at) include (from_hub, to_hub, action)
          where status = 'assigned' and from_hub is distinct from to_hub;
      `,
    },
  ],
  eventTypes: [
    'AssignmentStarted',
    'DeviceStatusRecorded',
    'TwinMigrated',
    'TwinReset',
    'DeviceDeregistered',
    'DeviceAssigned',
    'AssignmentFailed',
    'RegistrationDisabled',
  ],
  project,
};
