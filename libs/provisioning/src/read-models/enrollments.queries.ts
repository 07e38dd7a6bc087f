import { ReadDatabase, Row } from '../shared/read-database';
import { EnrollmentKind, ReprovisionPolicy } from '../shared/shapes';
import { enrollmentGroupStream, individualEnrollmentStream } from '../enrollments/enrollment.events';
import { instant, jsonOrNull, revision, text } from './columns';
import { EnrollmentDocument, enrollmentsProjection } from './enrollments.projection';
import { OrderColumn, Page, PageRequest, readPage } from './page';
import { tableName } from './table-name';

/** An existing entry without its secrets; times are ISO 8601 UTC. */
export interface EnrollmentRow {
  readonly kind: EnrollmentKind;
  readonly id: string;
  readonly document: EnrollmentDocument;
  readonly provisioningStatus: 'enabled' | 'disabled';
  /** Null where none was saved. */
  readonly reprovisionPolicy: ReprovisionPolicy | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Revision of the entry's stream, decimal. */
  readonly revision: string;
}

export interface EnrollmentFilter {
  readonly provisioningStatus?: 'enabled' | 'disabled' | undefined;
  readonly attestationType?: string | undefined;
  /** ISO 8601; the list is then ordered by the time of change, oldest first. */
  readonly changedSince?: string | undefined;
}

const TABLE = tableName(enrollmentsProjection);
const SELECT = `select stream, kind, id, document, provisioning_status, reprovision_policy, created_at, updated_at, revision from ${TABLE}`;

const byKey: OrderColumn = { column: 'stream', type: 'text', place: (row) => text(row, 'stream') };
const byChange: OrderColumn = { column: 'updated_at', type: 'timestamptz', place: (row) => instant(row, 'updated_at') };

export async function findEnrollment(
  database: ReadDatabase,
  kind: EnrollmentKind,
  id: string,
): Promise<EnrollmentRow | undefined> {
  const stream = kind === 'individual' ? individualEnrollmentStream(id) : enrollmentGroupStream(id);
  const rows = await database.query({ name: 'enrollments.one', text: `${SELECT} where stream = $1`, values: [stream] });
  return rows[0] === undefined ? undefined : enrollment(rows[0]);
}

/** Ordered by id. Error: `InvalidCursor`. */
export function listEnrollments(
  database: ReadDatabase,
  kind: EnrollmentKind,
  filter: EnrollmentFilter,
  page: PageRequest,
): Promise<Page<EnrollmentRow>> {
  const conditions = [
    { sql: 'kind = $?', value: kind },
    { sql: 'provisioning_status = $?', value: filter.provisioningStatus },
    { sql: 'attestation_type = $?', value: filter.attestationType },
    { sql: 'updated_at >= $?::timestamptz', value: filter.changedSince },
  ];
  const order = filter.changedSince === undefined ? [byKey] : [byChange, byKey];
  return readPage(database, { name: `enrollments.list`, select: SELECT, order, conditions, item: enrollment }, page);
}

function enrollment(row: Row): EnrollmentRow {
  const document = jsonOrNull(row, 'document') as EnrollmentDocument | null;
  if (document === null) throw new TypeError(`the row of ${text(row, 'stream')} has no document`);
  return {
    kind: text(row, 'kind') as EnrollmentKind,
    id: text(row, 'id'),
    document,
    provisioningStatus: text(row, 'provisioning_status') as EnrollmentRow['provisioningStatus'],
    reprovisionPolicy: jsonOrNull(row, 'reprovision_policy') as ReprovisionPolicy | null,
    createdAt: instant(row, 'created_at'),
    updatedAt: instant(row, 'updated_at'),
    revision: revision(row),
  };
}
