import { ATTESTATION_FAILURES_TABLE } from '../attestation-failures/attestation-failures.store';
import { instant, numberOrNull, text, textOrNull } from '../read-models/columns';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { DeviceStatusWord, deviceStatusWords } from '../read-models/device-status.queries';
import { operationsProjection } from '../read-models/operations.projection';
import { tableName } from '../read-models/table-name';
import { ReadDatabase, Row } from '../shared/read-database';

/** Newest operations looked at; a busier service sees a shorter past, and `since` says from when. */
export const OPERATIONS_MAX = 20_000;
export const PAST_MINUTES = 60;
const FAILURES_MAX = 10_000;
const REASONS_MAX = 20;

export interface StatusCount {
  readonly status: DeviceStatusWord;
  readonly devices: number;
}

export interface FailureCount {
  /** `assignment`: a device that is known could not be assigned; `attestation`: somebody could not prove who it is. */
  readonly kind: 'assignment' | 'attestation';
  readonly reason: string;
  readonly count: number;
}

export interface MinuteCount {
  /** When the minute began. */
  readonly at: string;
  readonly registrations: number;
  readonly moves: number;
  readonly failures: number;
}

const STATUS = tableName(deviceStatusProjection);
const OPERATIONS = tableName(operationsProjection);

/** A full count: at 1,000,000 devices some tenths of a second, so the caller remembers it. */
export async function countStatuses(database: ReadDatabase): Promise<StatusCount[]> {
  const rows = await database.query({
    name: 'fleet-status.statuses',
    text: `select status, count(*) as devices from ${STATUS} group by status`,
    values: [],
  });
  const counts = new Map(rows.map((row) => [textOrNull(row, 'status'), count(row, 'devices')]));
  return deviceStatusWords.map((status) => ({ status, devices: counts.get(status) ?? 0 }));
}

/** Devices in the middle of an operation; few at any time, read from the index. */
export async function countAssigning(database: ReadDatabase): Promise<number> {
  const [row] = await database.query({
    name: 'fleet-status.assigning',
    text: `select count(*) as devices from ${STATUS} where status = 'assigning'`,
    values: [],
  });
  return row === undefined ? 0 : count(row, 'devices');
}

/** Devices that failed, and devices that could not prove who they are, by reason, the most frequent first. */
export async function countFailures(database: ReadDatabase): Promise<FailureCount[]> {
  const rows = await database.query({
    name: 'fleet-status.failures',
    text: `(select 'assignment' as kind, coalesce(error_message, 'unknown') as reason, count(*) as count
        from (select error_message from ${STATUS} where status = 'failed' order by registration_key limit ${FAILURES_MAX}) as failed
        group by 2 order by 3 desc limit ${REASONS_MAX})
      union all
      (select 'attestation', check_name, sum(failures) from ${ATTESTATION_FAILURES_TABLE} group by 2 order by 3 desc limit ${REASONS_MAX})
      order by count desc`,
    values: [],
  });
  return rows.map((row) => ({
    kind: text(row, 'kind') as FailureCount['kind'],
    reason: text(row, 'reason'),
    count: count(row, 'count'),
  }));
}

const RECENT = `(select action, status, from_hub, to_hub, started_at from ${OPERATIONS}
  where started_at >= now() - interval '${PAST_MINUTES} minutes' order by started_at desc limit ${OPERATIONS_MAX}) as recent`;

/** What happened in each minute of the last hour; minutes without anything are left out. */
export async function recentMinutes(database: ReadDatabase): Promise<MinuteCount[]> {
  const rows = await database.query({
    name: 'fleet-status.minutes',
    text: `select date_trunc('minute', started_at) as at, count(*) as registrations,
        count(*) filter (where action in ('migrate', 'reset') and from_hub <> to_hub) as moves,
        count(*) filter (where status = 'failed') as failures
      from ${RECENT} group by 1 order by 1`,
    values: [],
  });
  return rows.map((row) => ({
    at: instant(row, 'at'),
    registrations: count(row, 'registrations'),
    moves: count(row, 'moves'),
    failures: count(row, 'failures'),
  }));
}

function count(row: Row, column: string): number {
  return numberOrNull(row, column) ?? 0;
}
