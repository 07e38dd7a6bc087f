import { instant, numberOrNull, text, textOrNull } from '../read-models/columns';
import { OrderColumn, Page, PageRequest, readPage } from '../read-models/page';
import { ReadDatabase, Row } from '../shared/read-database';
import { ATTESTATION_FAILURES_TABLE as TABLE } from './attestation-failures.store';

/** How a registration id failed to prove itself, most recently. What it presented is its own claim. */
export interface AttestationFailure {
  readonly registrationId: string;
  /** How often since `firstFailedAt`; less than the truth when failures came faster than they could be counted. */
  readonly failures: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  /** Word of `attestationChecks`. */
  readonly check: string;
  /** One sentence. */
  readonly reason: string;
  readonly transport: string;
  /** Of the first certificate presented, if any. */
  readonly subject: string | null;
  /** SHA-1, upper-case hexadecimal, as operators know certificates by. */
  readonly thumbprint: string | null;
  /** `skn` of the token presented, if any. */
  readonly keyName: string | null;
}

const byTime: readonly OrderColumn[] = [
  { column: 'last_failed_at', type: 'timestamptz', place: (row) => instant(row, 'last_failed_at') },
  { column: 'registration_key', type: 'text', place: (row) => text(row, 'registration_key') },
];

/** Newest first. Error: `InvalidCursor`. */
export function listAttestationFailures(
  database: ReadDatabase,
  filters: { readonly check?: string | undefined; readonly transport?: string | undefined },
  page: PageRequest,
): Promise<Page<AttestationFailure>> {
  const conditions = [
    { sql: 'check_name = $?', value: filters.check },
    { sql: 'transport = $?', value: filters.transport },
  ];
  const select = `select * from ${TABLE}`;
  const query = {
    name: 'attestation-failures.list',
    select,
    order: byTime,
    direction: 'desc',
    conditions,
    item: failure,
  } as const;
  return readPage(database, query, page);
}

export async function findAttestationFailure(
  database: ReadDatabase,
  registrationId: string,
): Promise<AttestationFailure | undefined> {
  const rows = await database.query({
    name: 'attestation-failures.one',
    text: `select * from ${TABLE} where registration_key = $1`,
    values: [registrationId.toLowerCase()],
  });
  return rows[0] === undefined ? undefined : failure(rows[0]);
}

/** Adds counts; the last failure of each device replaces what was known of the one before. One row a registration id. */
export async function addAttestationFailures(database: ReadDatabase, failures: readonly AttestationFailure[]): Promise<void> {
  await database.query({
    name: 'attestation-failures.add',
    text: `
      insert into ${TABLE} as known (registration_key, registration_id, failures, first_failed_at, last_failed_at,
        check_name, reason, transport, subject, thumbprint, key_name)
      select lower("registrationId"), "registrationId", failures, "firstFailedAt", "lastFailedAt",
        "check", reason, transport, subject, thumbprint, "keyName"
      from jsonb_to_recordset($1::jsonb) as f ("registrationId" text, failures bigint, "firstFailedAt" timestamptz,
        "lastFailedAt" timestamptz, "check" text, reason text, transport text, subject text, thumbprint text, "keyName" text)
      order by 1
      on conflict (registration_key) do update set
        failures = known.failures + excluded.failures, last_failed_at = excluded.last_failed_at,
        check_name = excluded.check_name, reason = excluded.reason, transport = excluded.transport,
        subject = excluded.subject, thumbprint = excluded.thumbprint, key_name = excluded.key_name`,
    values: [JSON.stringify(failures)],
  });
}

/** Forgets the ones that failed longest ago, down to so many rows. */
export async function trimAttestationFailures(database: ReadDatabase, rowsMax: number): Promise<void> {
  await database.query({
    name: 'attestation-failures.trim',
    text: `
      delete from ${TABLE} where registration_key in (
        select registration_key from ${TABLE} order by last_failed_at desc, registration_key desc offset $1)`,
    values: [rowsMax],
  });
}

function failure(row: Row): AttestationFailure {
  return {
    registrationId: text(row, 'registration_id'),
    failures: numberOrNull(row, 'failures') ?? 0,
    firstFailedAt: instant(row, 'first_failed_at'),
    lastFailedAt: instant(row, 'last_failed_at'),
    check: text(row, 'check_name'),
    reason: text(row, 'reason'),
    transport: text(row, 'transport'),
    subject: textOrNull(row, 'subject'),
    thumbprint: textOrNull(row, 'thumbprint'),
    keyName: textOrNull(row, 'key_name'),
  };
}
