import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { AssignmentPlan, Grounds, RegistrationEvent } from '../registrations/registration.events';
import { registrationEventOf, registrationKey } from './stored-event';

const TABLE = 'device_status';

/** Where the device is while its plan is carried out: at the old hub until the new one has it. */
export function hubDuring(plan: AssignmentPlan, previousHub: string | null): string | null {
  switch (plan.action) {
    case 'create':
      return null;
    case 'keep':
      return plan.to;
    case 'migrate':
      return plan.from;
    case 'reset':
      return plan.from ?? previousHub;
  }
}

function started(data: Extract<RegistrationEvent, { type: 'AssignmentStarted' }>['data']): Record<string, ColumnValue> {
  const { grounds } = data;
  // One literal, written out: spreading others into it took a tenth of a rebuild.
  const columns: Record<string, ColumnValue> = {
    enrollment_kind: grounds.enrollment.kind,
    enrollment_id: grounds.enrollment.id,
    enrollment_key: grounds.enrollment.id.toLowerCase(),
    policy: grounds.policy.effective,
    reason: grounds.reason,
    api_version: grounds.apiVersion,
    registration_id: data.registrationId,
    device_id: data.deviceId,
    status: 'assigning',
    operation_id: data.operationId,
    operation_started_at: data.at,
    operation_action: data.plan.action,
    assigned_hub: hubDuring(data.plan, grounds.previousHub),
    target_hub: data.plan.to,
    error_code: null,
    error_message: null,
    updated_at: data.at,
  };
  if (data.plan.action === 'create') columns.created_at = data.at;
  return columns;
}

function decisionColumns(grounds: Grounds): Record<string, ColumnValue> {
  return {
    enrollment_kind: grounds.enrollment.kind,
    enrollment_id: grounds.enrollment.id,
    enrollment_key: grounds.enrollment.id.toLowerCase(),
    policy: grounds.policy.effective,
    reason: grounds.reason,
    api_version: grounds.apiVersion,
  };
}

function failed(data: Extract<RegistrationEvent, { type: 'AssignmentFailed' }>['data']): Record<string, ColumnValue> {
  // Grounds come with a failure that had no beginning: the decision itself found no hub.
  const decided =
    data.grounds === null ? {} : { ...decisionColumns(data.grounds), operation_started_at: data.at, operation_action: null };
  return {
    ...decided,
    registration_id: data.registrationId,
    status: 'failed',
    operation_id: data.operationId,
    assigned_hub: data.hub,
    target_hub: null,
    error_code: data.errorCode,
    error_message: data.errorMessage,
    updated_at: data.at,
  };
}

function disabled(data: Extract<RegistrationEvent, { type: 'RegistrationDisabled' }>['data']): Record<string, ColumnValue> {
  return {
    registration_id: data.registrationId,
    status: 'disabled',
    operation_id: data.operationId,
    operation_started_at: data.at,
    operation_action: null,
    enrollment_kind: data.enrollment.kind,
    enrollment_id: data.enrollment.id,
    enrollment_key: data.enrollment.id.toLowerCase(),
    reason: 'the enrollment is disabled',
    api_version: data.apiVersion,
    target_hub: null,
    error_code: null,
    error_message: null,
    updated_at: data.at,
  };
}

/** Undefined says that the row is to go. */
function columns(event: RegistrationEvent): Record<string, ColumnValue> | undefined {
  switch (event.type) {
    case 'AssignmentStarted':
      return started(event.data);
    case 'DeviceStatusRecorded':
    case 'TwinMigrated':
    case 'TwinReset':
    case 'DeviceDeregistered':
    case 'ReprovisionRequested':
    case 'DestinationSet':
    case 'DestinationCleared':
      return { updated_at: event.data.at };
    case 'DeviceAssigned':
      return {
        status: 'assigned',
        operation_id: event.data.operationId,
        device_id: event.data.deviceId,
        substatus: event.data.substatus,
        assigned_hub: event.data.hub,
        target_hub: null,
        error_code: null,
        error_message: null,
        updated_at: event.data.at,
      };
    case 'AssignmentFailed':
      return failed(event.data);
    case 'RegistrationDisabled':
      return disabled(event.data);
    case 'RegistrationDeleted':
      return undefined;
  }
}

function project(recorded: RecordedEvent): readonly RowChange[] {
  const key = registrationKey(recorded);
  const row = columns(registrationEventOf(recorded));
  if (row === undefined) return [{ table: TABLE, op: 'delete', key }];
  row.revision = recorded.revision.toString();
  return [{ table: TABLE, op: 'upsert', key, columns: row }];
}

/**
 * One row a device: what a poll would be told, and why. The key is compared byte by byte, so that pages mean the same on every
 * database. Every column may be null, because a row is built up from events that each know a part.
 */
export const deviceStatusProjection: Projection = {
  name: 'device-status',
  version: 2,
  tables: [
    {
      name: TABLE,
      keyColumn: 'registration_key',
      ddl: `
        create table $table (
          registration_key text collate "C" primary key,
          registration_id text,
          device_id text,
          status text check (status in ('assigning', 'assigned', 'failed', 'disabled')),
          substatus text,
          operation_id text,
          operation_action text,
          operation_started_at timestamptz,
          assigned_hub text,
          target_hub text,
          enrollment_kind text,
          enrollment_id text,
          enrollment_key text collate "C",
          policy text,
          reason text,
          api_version text,
          error_code integer,
          error_message text,
          created_at timestamptz,
          updated_at timestamptz,
          revision bigint
        ) with (fillfactor = 80);
        create index on $table (status, registration_key);
        create index on $table (assigned_hub, registration_key);
        create index on $table (enrollment_key, enrollment_kind, registration_key);
        create index on $table (updated_at, registration_key);
        create index on $table (policy, registration_key);
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
    'RegistrationDeleted',
  ],
  project,
};
