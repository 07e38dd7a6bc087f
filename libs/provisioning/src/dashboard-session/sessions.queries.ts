import { instant, text } from '../read-models/columns';
import type { ReadDatabase, Row } from '../shared/read-database';
import type { Vouched } from './session-id';
import { SESSIONS_TABLE as TABLE } from './sessions.store';

export interface StoredSession extends Vouched {
  readonly digest: string;
  readonly proof: string;
  /** Up to `USED_AGAIN_MS` older than the truth. */
  readonly usedAt: Date;
}

/** Sessions that nothing has asked with since the first instant, or that began before the second, are over. */
export interface Cutoff {
  readonly usedAt: Date;
  readonly startedAt: Date;
}

export async function insertSession(database: ReadDatabase, session: StoredSession): Promise<void> {
  const { digest, name, claims, proof, startedAt, usedAt } = session;
  await database.query({
    name: 'sessions.insert',
    text: `insert into ${TABLE} (id_digest, name, claims, proof, started_at, used_at) values ($1, $2, $3, $4, $5, $6)`,
    values: [digest, name, claims, proof, startedAt, usedAt],
  });
}

export async function findSession(database: ReadDatabase, digest: string): Promise<StoredSession | undefined> {
  const [row] = await database.query({
    name: 'sessions.find',
    text: `select * from ${TABLE} where id_digest = $1`,
    values: [digest],
  });
  return row === undefined ? undefined : session(row);
}

export async function useSession(database: ReadDatabase, digest: string, usedAt: Date): Promise<void> {
  await database.query({
    name: 'sessions.use',
    text: `update ${TABLE} set used_at = greatest(used_at, $2) where id_digest = $1`,
    values: [digest, usedAt],
  });
}

export async function deleteSession(database: ReadDatabase, digest: string): Promise<void> {
  await database.query({ name: 'sessions.delete', text: `delete from ${TABLE} where id_digest = $1`, values: [digest] });
}

export async function deleteOldSessions(database: ReadDatabase, over: Cutoff): Promise<void> {
  await database.query({
    name: 'sessions.delete-old',
    text: `delete from ${TABLE} where used_at <= $1 or started_at <= $2`,
    values: [over.usedAt, over.startedAt],
  });
}

/** Of each operator and of all together only so many stay, those used last; `digest` is the newest and stays whatever the clocks say. */
export async function trimSessions(
  database: ReadDatabase,
  digest: string,
  max: { readonly ofOperator: number; readonly ofAll: number },
): Promise<void> {
  await database.query({
    name: 'sessions.trim',
    text: `
      delete from ${TABLE} where id_digest in (
        select id_digest from (
          select id_digest,
            row_number() over (partition by name, claims is null order by id_digest = $1 desc, used_at desc) as of_operator,
            row_number() over (order by id_digest = $1 desc, used_at desc) as of_all
          from ${TABLE}) as ranked
        where of_operator > $2 or of_all > $3)`,
    values: [digest, max.ofOperator, max.ofAll],
  });
}

/** Which of these are there and not over. */
export async function livingSessions(
  database: ReadDatabase,
  digests: readonly string[],
  over: Cutoff,
): Promise<ReadonlySet<string>> {
  const rows = await database.query({
    name: 'sessions.living',
    text: `select id_digest from ${TABLE} where id_digest = any($1::text[]) and used_at > $2 and started_at > $3`,
    values: [digests, over.usedAt, over.startedAt],
  });
  return new Set(rows.map((row) => text(row, 'id_digest')));
}

function session(row: Row): StoredSession {
  return {
    digest: text(row, 'id_digest'),
    name: text(row, 'name'),
    claims: row.claims === null ? null : (row.claims as readonly string[]),
    proof: text(row, 'proof'),
    startedAt: new Date(instant(row, 'started_at')),
    usedAt: new Date(instant(row, 'used_at')),
  };
}
