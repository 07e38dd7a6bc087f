import { EffectivePolicyName, Substatus } from '../registrations/registration.events';
import { ReadDatabase, Row } from '../shared/read-database';
import { EnrollmentKind } from '../shared/shapes';
import { instant, instantOrNull, numberOrNull, revision, text, textOrNull } from './columns';
import { deviceStatusProjection } from './device-status.projection';
import { Condition, OrderColumn, Page, PageRequest, readPage } from './page';
import { tableName } from './table-name';

export const deviceStatusWords = ['assigning', 'assigned', 'failed', 'disabled'] as const;
export type DeviceStatusWord = (typeof deviceStatusWords)[number];

/** Where a device stands; times are ISO 8601 UTC. */
export interface DeviceStatus {
  readonly registrationId: string;
  readonly deviceId: string | null;
  readonly status: DeviceStatusWord;
  readonly substatus: Substatus | null;
  /** While assigning: the hub that still has the device, if any. */
  readonly assignedHub: string | null;
  /** Where the device is going; only while assigning. */
  readonly targetHub: string | null;
  readonly operation: { readonly operationId: string; readonly action: string | null; readonly startedAt: string | null };
  readonly enrollment: { readonly kind: EnrollmentKind; readonly id: string } | null;
  readonly policy: EffectivePolicyName | null;
  readonly reason: string | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly createdAt: string | null;
  readonly updatedAt: string;
  /** Revision of the registration's stream, decimal. */
  readonly revision: string;
}

export interface DeviceStatusFilter {
  readonly status?: DeviceStatusWord | undefined;
  readonly hub?: string | undefined;
  readonly enrollment?: { readonly kind: EnrollmentKind; readonly id: string } | undefined;
  readonly policy?: EffectivePolicyName | undefined;
  /** Beginning of the registration id. */
  readonly idPrefix?: string | undefined;
  /** ISO 8601; the list is then ordered by the time of change, oldest first. */
  readonly changedSince?: string | undefined;
}

const TABLE = tableName(deviceStatusProjection);
const SELECT = `select registration_key, registration_id, device_id, status, substatus, operation_id, operation_action, operation_started_at,
  assigned_hub, target_hub, enrollment_kind, enrollment_id, policy, reason, error_code, error_message, created_at, updated_at, revision
from ${TABLE}`;

const byKey: OrderColumn = { column: 'registration_key', type: 'text', place: (row) => text(row, 'registration_key') };
const byChange: OrderColumn = { column: 'updated_at', type: 'timestamptz', place: (row) => instant(row, 'updated_at') };

export async function findDeviceStatus(database: ReadDatabase, registrationId: string): Promise<DeviceStatus | undefined> {
  const rows = await database.query({
    name: 'device-status.one',
    text: `${SELECT} where registration_key = $1`,
    values: [registrationId.toLowerCase()],
  });
  return rows[0] === undefined ? undefined : deviceStatus(rows[0]);
}

/** Error: `InvalidCursor`. */
export function listDeviceStatus(
  database: ReadDatabase,
  filter: DeviceStatusFilter,
  page: PageRequest,
): Promise<Page<DeviceStatus>> {
  const prefix = filter.idPrefix?.toLowerCase();
  const conditions: Condition[] = [
    { sql: 'status = $?', value: filter.status },
    { sql: 'assigned_hub = $?', value: filter.hub?.toLowerCase() },
    { sql: 'enrollment_key = $?', value: filter.enrollment?.id.toLowerCase() },
    { sql: 'enrollment_kind = $?', value: filter.enrollment?.kind },
    { sql: 'policy = $?', value: filter.policy },
    // The key is ordered byte by byte, so the ids with a prefix lie between it and it with the highest byte behind.
    { sql: 'registration_key >= $?', value: prefix },
    { sql: `registration_key < $?`, value: prefix === undefined ? undefined : `${prefix}\u{10ffff}` },
    { sql: 'updated_at >= $?::timestamptz', value: filter.changedSince },
  ];
  const order = filter.changedSince === undefined ? [byKey] : [byChange, byKey];
  return readPage(database, { name: 'device-status.list', select: SELECT, order, conditions, item: deviceStatus }, page);
}

export function deviceStatus(row: Row): DeviceStatus {
  const kind = textOrNull(row, 'enrollment_kind') as EnrollmentKind | null;
  const code = numberOrNull(row, 'error_code');
  const startedAt = instantOrNull(row, 'operation_started_at');
  return {
    registrationId: textOrNull(row, 'registration_id') ?? text(row, 'registration_key'),
    deviceId: textOrNull(row, 'device_id'),
    status: text(row, 'status') as DeviceStatusWord,
    substatus: textOrNull(row, 'substatus') as Substatus | null,
    assignedHub: textOrNull(row, 'assigned_hub'),
    targetHub: textOrNull(row, 'target_hub'),
    operation: { operationId: text(row, 'operation_id'), action: textOrNull(row, 'operation_action'), startedAt },
    enrollment: kind === null ? null : { kind, id: text(row, 'enrollment_id') },
    policy: textOrNull(row, 'policy') as EffectivePolicyName | null,
    reason: textOrNull(row, 'reason'),
    error: code === null ? null : { code, message: textOrNull(row, 'error_message') ?? '' },
    createdAt: instantOrNull(row, 'created_at') ?? startedAt,
    updatedAt: instant(row, 'updated_at'),
    revision: revision(row),
  };
}
