import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Log, silentLog } from '@app/event-sourcing';
import { KeyWrap, SubjectKey, SubjectKeys } from '@app/sealing';
import { Pool } from 'pg';
import { migrate, Migration } from '../migrations';
import { openPool, PgConfig } from '../pool';
import { Gathered } from './gathered';
import { RecentKeys } from './recent-keys';

export interface PostgresSubjectKeysOptions {
  readonly config: PgConfig;
  readonly wrap: KeyWrap;
  readonly log?: Log;
}

const SCHEMA = 'sealing';
const TABLE = `${SCHEMA}.subject_keys`;
const KEY_BYTES = 32;
const CONNECTIONS_MAX = 3;
/** Another process may have inserted the same subject a moment before, unseen by the statement that then finds nothing. */
const ATTEMPTS_MAX = 5;
/** How long a process goes on with what it knows of a key. */
const KNOWN_MS = 1_000;
/** After so long no process has a retired key any more, and no query brings it back that was under way. */
const RETIRED_MS = 2 * KNOWN_MS;

const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'keys of subjects',
    sql: `create table $schema.subject_keys (
            key_id text primary key,
            subject text collate "C" not null,
            wrapped text not null,
            created_at timestamptz not null default now(),
            retired_at timestamptz
          );
          create unique index on $schema.subject_keys (subject) where retired_at is null;
          create index on $schema.subject_keys (subject)`,
  },
];

interface KeyRow {
  readonly key_id: string;
  readonly subject: string;
  readonly wrapped: string;
}

/** Keys of subjects in a table, wrapped. */
export class PostgresSubjectKeys implements SubjectKeys {
  private readonly recent = new RecentKeys(KNOWN_MS);
  private readonly retiring = new Set<string>();
  private readonly making = new Gathered((subjects) => this.keysOf(subjects));
  private readonly finding = new Gathered((ids) => this.keysWith(ids));

  private constructor(
    private readonly pool: Pool,
    private readonly wrap: KeyWrap,
  ) {}

  static async open({ config, wrap, log = silentLog }: PostgresSubjectKeysOptions): Promise<PostgresSubjectKeys> {
    const pool = openPool(config, { applicationName: 'rehome-keys', max: CONNECTIONS_MAX, log });
    await migrate(pool, SCHEMA, migrations);
    return new PostgresSubjectKeys(pool, wrap);
  }

  async keyFor(subject: string): Promise<SubjectKey> {
    const key = this.recent.ofSubject(subject) ?? (await this.making.ask(subject));
    if (key === undefined) throw new Error('a key could not be made');
    return key;
  }

  async find(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const asked: Promise<void>[] = [];
    for (const id of ids) {
      const note = (key: Buffer | undefined): void => {
        if (key !== undefined) found.set(id, key);
      };
      const known = this.recent.ofId(id);
      if (known === undefined) asked.push(this.finding.ask(id).then(note));
      else note(known);
    }
    await Promise.all(asked);
    return found;
  }

  async retire(subject: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ retired: number; age_ms: number | null }>(
      `with retired as (
          update ${TABLE} set retired_at = clock_timestamp() where subject = $1 and retired_at is null returning key_id)
        select (select count(*) from retired)::int as retired, extract(epoch from clock_timestamp() - max(retired_at))::float8 * 1000 as age_ms
        from ${TABLE} where subject = $1 and retired_at is not null`,
      [subject],
    );
    this.recent.forget(subject);
    const { retired, age_ms: ageMs } = rows[0] ?? { retired: 0, age_ms: null };
    // What a process retired that was killed meanwhile may be in use for as long as what is retired now.
    const waitMs = retired > 0 ? RETIRED_MS : RETIRED_MS - (ageMs ?? RETIRED_MS);
    if (waitMs > 0) {
      this.retiring.add(subject);
      await sleep(waitMs);
      this.retiring.delete(subject);
    }
    return retired > 0;
  }

  async destroy(subject: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(`delete from ${TABLE} where subject = $1 and retired_at is not null`, [subject]);
    if (rowCount === 0) return false;
    // The row's bytes would lie in the table until others came over them.
    await this.pool.query(`vacuum ${TABLE}`);
    return true;
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private async keysWith(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const { rows } = await this.pool.query<KeyRow>({
      name: 'find keys',
      text: `select key_id, subject, wrapped from ${TABLE} where key_id = any($1::text[]) and retired_at is null`,
      values: [ids],
    });
    return new Map(rows.map((row) => [row.key_id, this.opened(row).key]));
  }

  private async keysOf(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKey>> {
    const keys = new Map<string, SubjectKey>();
    for (let attempt = 0; attempt < ATTEMPTS_MAX && keys.size < subjects.length; attempt++) {
      const wanted = subjects.filter((subject) => !keys.has(subject));
      const made = wanted.map((subject) => this.wrap.wrap(subject, randomBytes(KEY_BYTES)));
      const { rows } = await this.pool.query<KeyRow>({
        name: 'make keys',
        text: `with made as (
            insert into ${TABLE} (key_id, subject, wrapped)
            select * from unnest($1::text[], $2::text[], $3::text[]) on conflict (subject) where retired_at is null do nothing
            returning key_id, subject, wrapped)
          select * from made union all
          select key_id, subject, wrapped from ${TABLE} where subject = any($2::text[]) and retired_at is null`,
        values: [wanted.map(() => randomUUID()), wanted, made],
      });
      for (const row of rows) keys.set(row.subject, this.opened(row));
    }
    return keys;
  }

  private opened({ key_id: id, subject, wrapped }: KeyRow): SubjectKey {
    const key = { id, key: this.wrap.unwrap(subject, wrapped) };
    // A query that was under way when the key was retired must not bring it back.
    if (!this.retiring.has(subject)) this.recent.remember(subject, key);
    return key;
  }
}
