import { ColumnValue, Projection, RecordedEvent, RowChange } from '@app/event-sourcing';
import { Attestation, EnrollmentEntry, EnrollmentEvent } from '../enrollments/enrollment.events';
import { enrollmentEventOf } from './stored-event';

const TABLE = 'enrollments';

/** An attestation without what proves anything: no symmetric keys. Certificates and TPM endorsement keys are public. */
export type PublicAttestation = Exclude<Attestation, { type: 'symmetricKey' }> | { readonly type: 'symmetricKey' };

/** What an entry says, as saved, without secrets; what has a column of its own is not in the document. */
export type EnrollmentDocument = Omit<
  EnrollmentEntry,
  'attestation' | 'provisioningStatus' | 'reprovisionPolicy' | 'customAllocationDefinition'
> & {
  readonly attestation: PublicAttestation;
  readonly customAllocationDefinition: { readonly webhookUrl: string; readonly apiVersion: string } | null;
};

function publicAttestation(attestation: Attestation): PublicAttestation {
  switch (attestation.type) {
    case 'symmetricKey':
      return { type: 'symmetricKey' };
    case 'x509':
    case 'tpm':
      return attestation;
  }
}

function entryColumns(entry: EnrollmentEntry): Record<string, ColumnValue> {
  const { attestation, provisioningStatus, reprovisionPolicy, customAllocationDefinition: webhook, ...rest } = entry;
  const document: EnrollmentDocument = {
    ...rest,
    attestation: publicAttestation(attestation),
    customAllocationDefinition: webhook === null ? null : { webhookUrl: webhook.webhookUrl, apiVersion: webhook.apiVersion },
  };
  return {
    kind: entry.kind,
    id: entry.id,
    document,
    attestation_type: attestation.type,
    provisioning_status: provisioningStatus,
    reprovision_policy: reprovisionPolicy,
  };
}

/** Undefined says that the row is to go. */
function columns(event: EnrollmentEvent): Record<string, ColumnValue> | undefined {
  const updated = { updated_at: event.data.at };
  switch (event.type) {
    case 'EnrollmentCreated':
      return { ...entryColumns(event.data.entry), created_at: event.data.at, ...updated };
    case 'EnrollmentUpdated':
      return { ...entryColumns(event.data.entry), ...updated };
    case 'EnrollmentPolicyUpdated':
      return { reprovision_policy: event.data.reprovisionPolicy, ...updated };
    case 'EnrollmentKeyRegenerated':
      return updated;
    case 'EnrollmentDisabled':
      return { provisioning_status: 'disabled', ...updated };
    case 'EnrollmentEnabled':
      return { provisioning_status: 'enabled', ...updated };
    case 'EnrollmentDeleted':
      return undefined;
  }
}

function project(recorded: RecordedEvent): readonly RowChange[] {
  const key = recorded.stream;
  const row = columns(enrollmentEventOf(recorded));
  if (row === undefined) return [{ table: TABLE, op: 'delete', key }];
  return [{ table: TABLE, op: 'upsert', key, columns: { ...row, revision: recorded.revision.toString() } }];
}

/** One row an existing entry; its key is the name of its stream, which tells an individual entry from a group of the same id. */
export const enrollmentsProjection: Projection = {
  name: 'enrollments',
  version: 1,
  tables: [
    {
      name: TABLE,
      keyColumn: 'stream',
      ddl: `
        create table $table (
          stream text collate "C" primary key,
          kind text check (kind in ('individual', 'group')),
          id text,
          document jsonb,
          attestation_type text,
          provisioning_status text check (provisioning_status in ('enabled', 'disabled')),
          reprovision_policy jsonb,
          created_at timestamptz,
          updated_at timestamptz,
          revision bigint
        );
        create index on $table (kind, stream);
        create index on $table (updated_at, stream);
      `,
    },
  ],
  eventTypes: [
    'EnrollmentCreated',
    'EnrollmentUpdated',
    'EnrollmentPolicyUpdated',
    'EnrollmentKeyRegenerated',
    'EnrollmentDisabled',
    'EnrollmentEnabled',
    'EnrollmentDeleted',
  ],
  project,
};
