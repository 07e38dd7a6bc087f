/** A schema of its own: what is in it comes from no event and cannot be rebuilt. */
export const ATTESTATION_FAILURES_SCHEMA = 'attestation_failures';
export const ATTESTATION_FAILURES_TABLE = `${ATTESTATION_FAILURES_SCHEMA}.attestation_failures`;

/** To be run by the composition root; `$schema` stands for `ATTESTATION_FAILURES_SCHEMA`. */
export const attestationFailureMigrations: readonly { readonly number: number; readonly name: string; readonly sql: string }[] = [
  {
    number: 1,
    name: 'attestation failures',
    sql: `
      create table $schema.attestation_failures (
        registration_key text collate "C" primary key,
        registration_id text not null,
        failures bigint not null check (failures > 0),
        first_failed_at timestamptz not null,
        last_failed_at timestamptz not null,
        check_name text not null,
        reason text not null,
        transport text not null,
        subject text,
        thumbprint text,
        key_name text
      );
      create index on $schema.attestation_failures (last_failed_at, registration_key);
    `,
  },
];
