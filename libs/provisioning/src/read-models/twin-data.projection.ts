import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { CarriedTwin, RegistrationEvent } from '../registrations/registration.events';
import { InitialTwin } from '../shared/shapes';
import { registrationEventOf, registrationKey } from './stored-event';

const TABLE = 'twin_data';

/** What a device has that starts anew: the initial twin at version 1 and nothing reported. */
export function asNewTwin(initial: InitialTwin): CarriedTwin {
  return {
    tags: initial.tags,
    desired: { values: initial.desired, version: 1, metadata: null },
    reported: { values: {}, version: 1, metadata: null },
  };
}

/** A twin may be sealed: then it stays so in the row, and only the query opens it. What starts anew is kept as its initial twin. */
function hubColumns(
  twin: CarriedTwin | InitialTwin,
  hub: string,
  source: string,
  operationId: string,
  at: string,
): Record<string, ColumnValue> {
  return { hub_twin: twin, hub_twin_hub: hub, hub_twin_source: source, hub_twin_operation_id: operationId, hub_twin_at: at };
}

function columns(event: RegistrationEvent): Record<string, ColumnValue> | undefined | 'delete' {
  switch (event.type) {
    case 'AssignmentStarted': {
      const { registrationId, operationId, plan, initialTwin, grounds, at } = event.data;
      const kept = {
        registration_id: registrationId,
        initial_twin: initialTwin,
        initial_enrollment: grounds.enrollment,
        initial_operation_id: operationId,
        initial_at: at,
      };
      if (plan.action !== 'create') return kept;
      return { ...kept, hub: null, ...hubColumns(initialTwin, plan.to, 'initialTwin', operationId, at) };
    }
    case 'TwinMigrated': {
      const { operationId, from, to, twin, complete, at } = event.data;
      return {
        ...hubColumns(twin, to, 'migrated', operationId, at),
        carried_twin: twin,
        carried_from: from,
        carried_to: to,
        carried_complete: complete,
        carried_operation_id: operationId,
        carried_at: at,
      };
    }
    case 'TwinReset': {
      const { operationId, to, initialTwin, at } = event.data;
      return hubColumns(initialTwin, to, 'reset', operationId, at);
    }
    case 'DeviceAssigned': {
      const { hub, operationId, created, at } = event.data;
      return created ? { hub, created_operation_id: operationId, created_at: at } : { hub };
    }
    case 'RegistrationDeleted':
      return 'delete';
    case 'DeviceStatusRecorded':
    case 'DeviceDeregistered':
    case 'AssignmentFailed':
    case 'RegistrationDisabled':
    case 'ReprovisionRequested':
    case 'DestinationSet':
    case 'DestinationCleared':
      return undefined;
  }
}

function project(recorded: RecordedEvent): readonly RowChange[] {
  const key = registrationKey(recorded);
  const row = columns(registrationEventOf(recorded));
  if (row === undefined) return [];
  if (row === 'delete') return [{ table: TABLE, op: 'delete', key }];
  return [{ table: TABLE, op: 'upsert', key, columns: { ...row, revision: recorded.revision.toString() } }];
}

/**
 * Three views of a device's twin: the initial state the service keeps (nothing at a hub changes it), the hub's state as last seen
 * in the log, and what the last migration carried. The live twin is at the hub and may have gone on since.
 */
export const twinDataProjection: Projection = {
  name: 'twin-data',
  version: 2,
  tables: [
    {
      name: TABLE,
      keyColumn: 'registration_key',
      ddl: `
        create table $table (
          registration_key text collate "C" primary key,
          registration_id text,
          hub text,
          initial_twin jsonb,
          initial_enrollment jsonb,
          initial_operation_id text,
          initial_at timestamptz,
          hub_twin jsonb,
          hub_twin_hub text,
          hub_twin_source text check (hub_twin_source in ('initialTwin', 'migrated', 'reset')),
          hub_twin_operation_id text,
          hub_twin_at timestamptz,
          created_operation_id text,
          created_at timestamptz,
          carried_twin jsonb,
          carried_from text,
          carried_to text,
          carried_complete boolean,
          carried_operation_id text,
          carried_at timestamptz,
          revision bigint
        ) with (fillfactor = 80);
      `,
    },
  ],
  eventTypes: ['AssignmentStarted', 'TwinMigrated', 'TwinReset', 'DeviceAssigned', 'RegistrationDeleted'],
  project,
};
