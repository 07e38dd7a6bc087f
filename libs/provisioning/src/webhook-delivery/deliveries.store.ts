/** A schema of its own: what has been delivered comes from no event and cannot be rebuilt. */
export const WEBHOOK_DELIVERIES_SCHEMA = 'webhook_deliveries';
export const CURSORS_TABLE = `${WEBHOOK_DELIVERIES_SCHEMA}.cursors`;
export const DELIVERIES_TABLE = `${WEBHOOK_DELIVERIES_SCHEMA}.deliveries`;

/**
 * To be run by the composition root; `$schema` stands for `WEBHOOK_DELIVERIES_SCHEMA`. A delivery only says where its event is: what the
 * event holds stays in the log, where it can be erased.
 */
export const webhookDeliveryMigrations: readonly { readonly number: number; readonly name: string; readonly sql: string }[] = [
  {
    number: 1,
    name: 'deliveries of webhooks',
    sql: `
      create table $schema.cursors (
        webhook_id text collate "C" primary key,
        position text not null,
        epoch bigint not null default 0,
        delivered bigint not null default 0,
        attempts_failed bigint not null default 0,
        last_delivered_at timestamptz,
        last_failed_at timestamptz,
        last_error text
      );
      create table $schema.deliveries (
        webhook_id text collate "C" not null references $schema.cursors on delete cascade,
        ordinal bigint generated always as identity,
        event_id text collate "C" not null,
        order_key text collate "C" not null,
        stream text not null,
        revision bigint not null,
        position text not null,
        event_type text not null,
        state text not null default 'pending' check (state in ('pending', 'dead')),
        attempts integer not null default 0,
        due_at timestamptz not null default now(),
        last_error text,
        died_at timestamptz,
        primary key (webhook_id, ordinal),
        unique (webhook_id, event_id)
      );
      create index on $schema.deliveries (webhook_id, order_key, ordinal);
      create index on $schema.deliveries (webhook_id, ordinal) where state = 'dead';
    `,
  },
];
