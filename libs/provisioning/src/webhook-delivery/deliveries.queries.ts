import { RecordedEvent } from '@app/event-sourcing';
import { numberOrNull, text, textOrNull } from '../read-models/columns';
import { ReadDatabase, Row } from '../shared/read-database';
import { CURSORS_TABLE as CURSORS, DELIVERIES_TABLE as DELIVERIES } from './deliveries.store';

/** An event that is to be delivered, the next one of what it belongs to. */
export interface Delivery {
  readonly ordinal: string;
  /** Events with the same key are delivered one after the other. */
  readonly orderKey: string;
  readonly stream: string;
  readonly revision: bigint;
  /** Failed attempts so far that count. */
  readonly attempts: number;
}

/** The right to deliver for one webhook: writes of a process that lost it change nothing. */
export interface Claim {
  readonly webhookId: string;
  readonly epoch: string;
}

/** Takes the webhook over from whoever had it; a new one begins after `from`. */
export async function claimWebhook(
  database: ReadDatabase,
  webhookId: string,
  from: string,
): Promise<Claim & { position: string }> {
  const [row] = await database.query({
    name: 'webhook-deliveries.claim',
    text: `
      insert into ${CURSORS} as known (webhook_id, position) values ($1, $2)
      on conflict (webhook_id) do update set epoch = known.epoch + 1
      returning epoch::text, position`,
    values: [webhookId, from],
  });
  if (row === undefined) throw new Error('claiming a webhook gives its row');
  return { webhookId, epoch: text(row, 'epoch'), position: text(row, 'position') };
}

/** Forgets what belongs to webhooks that are no more. */
export async function forgetOtherWebhooks(database: ReadDatabase, webhookIds: readonly string[]): Promise<void> {
  await database.query({
    name: 'webhook-deliveries.forget',
    text: `delete from ${CURSORS} where webhook_id <> all ($1::text[])`,
    values: [webhookIds],
  });
}

/** Events and the place up to which the log was looked at, in one statement; false when the claim is lost. */
export async function enqueue(
  database: ReadDatabase,
  claim: Claim,
  events: readonly RecordedEvent[],
  position: string,
): Promise<boolean> {
  const rows = events.map(({ id, stream, revision, position: at, type }) => ({
    id,
    stream,
    revision: revision.toString(),
    position: at,
    type,
  }));
  const changed = await database.query({
    name: 'webhook-deliveries.enqueue',
    text: `
      with cursor as (
        update ${CURSORS} set position = $3 where webhook_id = $1 and epoch = $2::bigint returning webhook_id
      ), added as (
        insert into ${DELIVERIES} (webhook_id, event_id, order_key, stream, revision, position, event_type)
        select cursor.webhook_id, e.id, e.stream, e.stream, e.revision, e.position, e.type
        from cursor, rows from (jsonb_to_recordset($4::jsonb) as (id text, stream text, revision bigint, position text, type text))
          with ordinality as e (id, stream, revision, position, type, place)
        order by e.place
        on conflict (webhook_id, event_id) do nothing
      )
      select webhook_id from cursor`,
    values: [claim.webhookId, claim.epoch, position, JSON.stringify(rows)],
  });
  return changed.length > 0;
}

/** The first delivery of each key that is due and not dead: what waits behind a dead one is not given. */
export async function dueDeliveries(
  database: ReadDatabase,
  webhookId: string,
  busyKeys: readonly string[],
  countMax: number,
): Promise<Delivery[]> {
  const rows = await database.query({
    name: 'webhook-deliveries.due',
    text: `
      select ordinal::text, order_key, stream, revision::text, attempts from (
        select distinct on (order_key) * from ${DELIVERIES} where webhook_id = $1 order by order_key, ordinal
      ) first
      where state = 'pending' and due_at <= now() and order_key <> all ($2::text[])
      order by first.ordinal limit $3`,
    values: [webhookId, busyKeys, countMax],
  });
  return rows.map((row) => ({
    ordinal: text(row, 'ordinal'),
    orderKey: text(row, 'order_key'),
    stream: text(row, 'stream'),
    revision: BigInt(text(row, 'revision')),
    attempts: numberOrNull(row, 'attempts') ?? 0,
  }));
}

/** False when the claim is lost: another process delivers it again. */
export async function delivered(database: ReadDatabase, { webhookId, epoch }: Claim, ordinal: string): Promise<boolean> {
  const rows = await database.query({
    name: 'webhook-deliveries.delivered',
    text: `
      with cursor as (
        update ${CURSORS} set delivered = delivered + 1, last_delivered_at = now()
        where webhook_id = $1 and epoch = $2::bigint returning webhook_id
      )
      delete from ${DELIVERIES} d using cursor where d.webhook_id = cursor.webhook_id and d.ordinal = $3::bigint returning 1 as done`,
    values: [webhookId, epoch, ordinal],
  });
  return rows.length > 0;
}

export interface Failure {
  readonly ordinal: string;
  readonly attempts: number;
  /** Null: it is dead. */
  readonly retryMs: number | null;
  readonly error: string;
}

/** False when the claim is lost. */
export async function failed(database: ReadDatabase, { webhookId, epoch }: Claim, failure: Failure): Promise<boolean> {
  const { ordinal, attempts, retryMs, error } = failure;
  const rows = await database.query({
    name: 'webhook-deliveries.failed',
    text: `
      with cursor as (
        update ${CURSORS} set attempts_failed = attempts_failed + 1, last_failed_at = now(), last_error = $5
        where webhook_id = $1 and epoch = $2::bigint returning webhook_id
      )
      update ${DELIVERIES} d set
        attempts = $4, last_error = $5,
        due_at = now() + make_interval(secs => coalesce($6::double precision, 0) / 1000),
        state = case when $6::double precision is null then 'dead' else 'pending' end,
        died_at = case when $6::double precision is null then now() end
      from cursor where d.webhook_id = cursor.webhook_id and d.ordinal = $3::bigint returning 1 as done`,
    values: [webhookId, epoch, ordinal, attempts, error, retryMs],
  });
  return rows.length > 0;
}

export async function countWaiting(database: ReadDatabase, webhookId: string): Promise<number> {
  const [row] = await database.query({
    name: 'webhook-deliveries.waiting',
    text: `select count(*)::int as waiting from ${DELIVERIES} where webhook_id = $1`,
    values: [webhookId],
  });
  return row === undefined ? 0 : (numberOrNull(row, 'waiting') ?? 0);
}

/** Where a webhook stands; all is zero before a worker has taken it up. */
export interface DeliveryProgress {
  /** Everything up to here has been looked at; null before a worker has taken the webhook up. */
  readonly position: string | null;
  readonly delivered: number;
  readonly pending: number;
  readonly dead: number;
  readonly attemptsFailed: number;
  readonly lastDeliveredAt: string | null;
  readonly lastFailedAt: string | null;
  readonly lastError: string | null;
}

export async function readProgress(database: ReadDatabase, webhookId: string): Promise<DeliveryProgress> {
  const [row] = await database.query({
    name: 'webhook-deliveries.progress',
    text: `
      select c.*, coalesce(d.pending, 0)::int as pending, coalesce(d.dead, 0)::int as dead
      from (values (1)) one left join ${CURSORS} c on c.webhook_id = $1
      left join lateral (
        select count(*) filter (where state = 'pending') as pending, count(*) filter (where state = 'dead') as dead
        from ${DELIVERIES} where webhook_id = c.webhook_id
      ) d on true`,
    values: [webhookId],
  });
  return progress(row ?? {});
}

function progress(row: Row): DeliveryProgress {
  return {
    position: textOrNull(row, 'position'),
    delivered: numberOrNull(row, 'delivered') ?? 0,
    pending: numberOrNull(row, 'pending') ?? 0,
    dead: numberOrNull(row, 'dead') ?? 0,
    attemptsFailed: numberOrNull(row, 'attempts_failed') ?? 0,
    lastDeliveredAt: row.last_delivered_at instanceof Date ? row.last_delivered_at.toISOString() : null,
    lastFailedAt: row.last_failed_at instanceof Date ? row.last_failed_at.toISOString() : null,
    lastError: textOrNull(row, 'last_error'),
  };
}
