import { instant, numberOrNull, text, textOrNull } from '../read-models/columns';
import { ReadDatabase, Row } from '../shared/read-database';
import { DELIVERIES_TABLE as DELIVERIES } from './deliveries.store';

export const DEAD_LETTERS_LISTED_MAX = 1_000;

/** An event that could not be delivered in all attempts. Later events of its stream wait behind it. */
export interface DeadLetter {
  /** Id of the event. */
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: string;
  readonly position: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly diedAt: string;
  /** Later events of the same stream that wait for this one. */
  readonly waiting: number;
}

/** Oldest first, at most `DEAD_LETTERS_LISTED_MAX`. */
export async function listDeadLetters(database: ReadDatabase, webhookId: string): Promise<DeadLetter[]> {
  const rows = await database.query({
    name: 'dead-letters.list',
    text: `
      select d.*, (select count(*)::int from ${DELIVERIES} w
        where w.webhook_id = d.webhook_id and w.order_key = d.order_key and w.ordinal > d.ordinal) as waiting
      from ${DELIVERIES} d where webhook_id = $1 and state = 'dead' order by ordinal limit $2`,
    values: [webhookId, DEAD_LETTERS_LISTED_MAX],
  });
  return rows.map(deadLetter);
}

/** Makes dead letters due again, all of them when no ids are given; gives how many there were. */
export async function reviveDeadLetters(
  database: ReadDatabase,
  webhookId: string,
  ids: readonly string[] | undefined,
): Promise<number> {
  const rows = await database.query({
    name: 'dead-letters.revive',
    text: `
      update ${DELIVERIES} set state = 'pending', attempts = 0, due_at = now(), died_at = null
      where webhook_id = $1 and state = 'dead' and ($2::text[] is null or event_id = any ($2::text[])) returning 1 as done`,
    values: [webhookId, ids ?? null],
  });
  return rows.length;
}

/** False when there is no such dead letter. */
export async function discardDeadLetter(database: ReadDatabase, webhookId: string, id: string): Promise<boolean> {
  const rows = await database.query({
    name: 'dead-letters.discard',
    text: `delete from ${DELIVERIES} where webhook_id = $1 and state = 'dead' and event_id = $2 returning 1 as done`,
    values: [webhookId, id],
  });
  return rows.length > 0;
}

function deadLetter(row: Row): DeadLetter {
  return {
    id: text(row, 'event_id'),
    type: text(row, 'event_type'),
    stream: text(row, 'stream'),
    revision: text(row, 'revision'),
    position: text(row, 'position'),
    attempts: numberOrNull(row, 'attempts') ?? 0,
    error: textOrNull(row, 'last_error'),
    diedAt: instant(row, 'died_at'),
    waiting: numberOrNull(row, 'waiting') ?? 0,
  };
}
