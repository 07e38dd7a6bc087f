import { EffectivePolicyName, Grounds, Substatus } from '../registrations/registration.events';
import { ReadDatabase, Row } from '../shared/read-database';
import { EnrollmentKind } from '../shared/shapes';
import { instant, instantOrNull, jsonOrNull, numberOrNull, revision, text, textOrNull } from './columns';
import { DeviceStatusWord } from './device-status.queries';
import { operationsProjection } from './operations.projection';
import { OrderColumn, Page, PageRequest, readPage } from './page';
import { tableName } from './table-name';

/** One registration operation from its decision to its end; times are ISO 8601 UTC. */
export interface Operation {
  readonly operationId: string;
  readonly registrationId: string;
  readonly deviceId: string | null;
  /** Null when the decision found nothing to do at any hub. */
  readonly action: 'create' | 'keep' | 'migrate' | 'reset' | null;
  readonly status: DeviceStatusWord;
  readonly substatus: Substatus | null;
  readonly fromHub: string | null;
  readonly toHub: string | null;
  readonly enrollment: { readonly kind: EnrollmentKind; readonly id: string } | null;
  readonly policy: EffectivePolicyName | null;
  readonly reason: string | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  /** When each step of a move was done. */
  readonly steps: {
    readonly statusRecordedAt: string | null;
    readonly twinPlacedAt: string | null;
    readonly deregisteredAt: string | null;
  };
  /** Revision of the registration's stream at the operation's last event, decimal. */
  readonly revision: string;
}

export interface OperationWithGrounds extends Operation {
  readonly grounds: Grounds | null;
}

export interface OperationFilter {
  readonly registrationId?: string | undefined;
  readonly status?: DeviceStatusWord | undefined;
  readonly action?: Operation['action'] | undefined;
  /** Either end of the move. */
  readonly hub?: string | undefined;
  /** ISO 8601, inclusive. */
  readonly startedSince?: string | undefined;
}

const TABLE = tableName(operationsProjection);
const COLUMNS = `operation_id, registration_key, registration_id, device_id, action, status, substatus, from_hub, to_hub, enrollment_kind,
  enrollment_id, policy, reason, error_code, error_message, started_at, status_recorded_at, twin_placed_at, deregistered_at, ended_at, revision`;

const newestFirst: readonly OrderColumn[] = [
  { column: 'started_at', type: 'timestamptz', place: (row) => instant(row, 'started_at') },
  { column: 'operation_id', type: 'text', place: (row) => text(row, 'operation_id') },
];

export async function findOperation(database: ReadDatabase, operationId: string): Promise<OperationWithGrounds | undefined> {
  const rows = await database.query({
    name: 'operations.one',
    text: `select ${COLUMNS}, grounds from ${TABLE} where operation_id = $1`,
    values: [operationId],
  });
  return rows[0] === undefined ? undefined : { ...operation(rows[0]), grounds: jsonOrNull(rows[0], 'grounds') as Grounds | null };
}

/** Newest first. Error: `InvalidCursor`. */
export function listOperations(database: ReadDatabase, filter: OperationFilter, page: PageRequest): Promise<Page<Operation>> {
  const conditions = [
    { sql: 'registration_key = $?', value: filter.registrationId?.toLowerCase() },
    { sql: 'status = $?', value: filter.status },
    { sql: 'action = $?', value: filter.action ?? undefined },
    { sql: '(from_hub = $? or to_hub = $?)', value: filter.hub?.toLowerCase() },
    { sql: 'started_at >= $?::timestamptz', value: filter.startedSince },
  ];
  const select = `select ${COLUMNS} from ${TABLE}`;
  const query = { name: 'operations.list', select, order: newestFirst, direction: 'desc' as const, conditions, item: operation };
  return readPage(database, query, page);
}

function operation(row: Row): Operation {
  const kind = textOrNull(row, 'enrollment_kind') as EnrollmentKind | null;
  const code = numberOrNull(row, 'error_code');
  const startedAt = instant(row, 'started_at');
  const endedAt = instantOrNull(row, 'ended_at');
  return {
    operationId: text(row, 'operation_id'),
    registrationId: textOrNull(row, 'registration_id') ?? text(row, 'registration_key'),
    deviceId: textOrNull(row, 'device_id'),
    action: textOrNull(row, 'action') as Operation['action'],
    status: text(row, 'status') as DeviceStatusWord,
    substatus: textOrNull(row, 'substatus') as Substatus | null,
    fromHub: textOrNull(row, 'from_hub'),
    toHub: textOrNull(row, 'to_hub'),
    enrollment: kind === null ? null : { kind, id: text(row, 'enrollment_id') },
    policy: textOrNull(row, 'policy') as EffectivePolicyName | null,
    reason: textOrNull(row, 'reason'),
    error: code === null ? null : { code, message: textOrNull(row, 'error_message') ?? '' },
    startedAt,
    endedAt,
    durationMs: endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt),
    steps: {
      statusRecordedAt: instantOrNull(row, 'status_recorded_at'),
      twinPlacedAt: instantOrNull(row, 'twin_placed_at'),
      deregisteredAt: instantOrNull(row, 'deregistered_at'),
    },
    revision: revision(row),
  };
}
