import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { RegistrationEvent } from '../registrations/registration.events';
import { registrationEventOf, registrationKey } from './stored-event';

const TABLE = 'hub_membership';

/**
 * Since when and from where must follow from single events, and a device that merely registers again must not look as if it had
 * just come. So the start of an operation notes what it plans, the events that end a stay or begin one note their operation, and
 * the query believes a plan only where the operation that began the present stay is the one that planned it.
 */
function columns(event: RegistrationEvent): Record<string, ColumnValue> | undefined | 'delete' {
  switch (event.type) {
    case 'AssignmentStarted': {
      const { plan, operationId, grounds, at, registrationId } = event.data;
      const planned = { registration_id: registrationId, planned_operation_id: operationId, planned_from: grounds.previousHub };
      // A first assignment has no stay before it; its beginning stands for the hub that already had the device.
      if (plan.action !== 'create') return planned;
      return { ...planned, hub: null, since: at, since_operation_id: operationId, left_hub: null, left_operation_id: null };
    }
    case 'DeviceDeregistered': {
      const { operationId, hub, at } = event.data;
      return { left_hub: hub, left_operation_id: operationId, since: at, since_operation_id: operationId };
    }
    case 'DeviceAssigned': {
      const { operationId, hub, deviceId, generationId, created, at } = event.data;
      const present = { hub, device_id: deviceId, generation_id: generationId, confirmed_at: at, operation_id: operationId };
      return created ? { ...present, since: at, since_operation_id: operationId } : present;
    }
    case 'RegistrationDeleted':
      return 'delete';
    case 'DeviceStatusRecorded':
    case 'TwinMigrated':
    case 'TwinReset':
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

/** Which hub has which device: one row a device, so that a device cannot be in two hubs here. */
export const hubMembershipProjection: Projection = {
  name: 'hub-membership',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'registration_key',
      ddl: `
        create table $table (
          registration_key text collate "C" primary key,
          registration_id text,
          device_id text,
          hub text,
          generation_id text,
          since timestamptz,
          since_operation_id text,
          left_hub text,
          left_operation_id text,
          planned_from text,
          planned_operation_id text,
          operation_id text,
          confirmed_at timestamptz,
          revision bigint
        ) with (fillfactor = 80);
        create index on $table (hub, registration_key) where hub is not null;
      `,
    },
  ],
  eventTypes: ['AssignmentStarted', 'DeviceDeregistered', 'DeviceAssigned', 'RegistrationDeleted'],
  project,
};
