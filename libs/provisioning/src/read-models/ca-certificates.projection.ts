import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { CaCertificateEvent } from '../certificates/ca-certificate.events';
import { caCertificateEventOf } from './stored-event';

const TABLE = 'ca_certificates';

/** Undefined says that the row is to go. */
function columns(event: CaCertificateEvent): Record<string, ColumnValue> | undefined {
  switch (event.type) {
    case 'CaCertificateUploaded': {
      const { name, info, isVerified } = event.data;
      return {
        name,
        subject: info.subjectName,
        thumbprint: info.sha1Thumbprint,
        not_before: info.notBeforeUtc,
        not_after: info.notAfterUtc,
        is_verified: isVerified,
      };
    }
    case 'CaCertificateVerified':
      return { is_verified: true };
    case 'VerificationCodeGenerated':
      return {};
    case 'CaCertificateDeleted':
      return undefined;
  }
}

function project(recorded: RecordedEvent): readonly RowChange[] {
  const event = caCertificateEventOf(recorded);
  const key = event.data.name.toLowerCase();
  const row = columns(event);
  if (row === undefined) return [{ table: TABLE, op: 'delete', key }];
  return [{ table: TABLE, op: 'upsert', key, columns: { ...row, revision: recorded.revision.toString() } }];
}

/** One row a CA certificate, for whoever watches that they do not expire. */
export const caCertificatesProjection: Projection = {
  name: 'ca-certificates',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'certificate_key',
      ddl: `
        create table $table (
          certificate_key text collate "C" primary key,
          name text,
          subject text,
          thumbprint text,
          not_before timestamptz,
          not_after timestamptz,
          is_verified boolean,
          revision bigint
        );
      `,
    },
  ],
  eventTypes: ['CaCertificateUploaded', 'VerificationCodeGenerated', 'CaCertificateVerified', 'CaCertificateDeleted'],
  project,
};
