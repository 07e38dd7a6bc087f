import { JsonValue, Log, silentLog, Snapshot, SnapshotStore } from '@app/event-sourcing';
import { escapeIdentifier, Pool } from 'pg';
import { openPool, PgConfig, withTransaction } from '../pool';

/** Makes a state unreadable at rest, and readable again under the same name only. */
export interface StateSeal {
  seal(name: string, plain: Buffer): Buffer;
  /** Throws for what was not sealed under this name with this key. */
  open(name: string, sealed: Buffer): Buffer;
}

export interface PostgresSnapshotStoreOptions {
  readonly config: PgConfig;
  /** Lower-case letters, digits and underscores. */
  readonly schema: string;
  readonly seal: StateSeal;
  readonly log?: Log;
}

const CONNECTIONS_MAX = 2;
/** A reader would rather fold from the start than wait longer. */
const STATEMENT_TIMEOUT_MS = 2_000;
/** Any fixed number does: it keeps two processes that create the table apart. */
const CREATE_LOCK = 7_236_402;

interface SnapshotRow {
  readonly revision: string;
  readonly event_id: string;
  readonly state_version: number;
  readonly state: Buffer;
}

/**
 * Snapshots in one table, which may be emptied or dropped at any time: it is created at the next start. States are sealed, each to its
 * stream, because they hold what devices report.
 */
export class PostgresSnapshotStore implements SnapshotStore {
  private constructor(
    private readonly pool: Pool,
    private readonly table: string,
    private readonly seal: StateSeal,
  ) {}

  static async open({ config, schema, seal, log = silentLog }: PostgresSnapshotStoreOptions): Promise<PostgresSnapshotStore> {
    const pool = openPool(config, {
      applicationName: 'rehome-snapshots',
      max: CONNECTIONS_MAX,
      synchronousCommitOff: true,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      log,
    });
    const quoted = escapeIdentifier(schema);
    const table = `${quoted}.snapshots_v1`;
    await withTransaction(pool, async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [CREATE_LOCK]);
      await client.query(`create schema if not exists ${quoted}`);
      await client.query(`create table if not exists ${table} (
        stream text collate "C" primary key,
        revision bigint not null,
        event_id uuid not null,
        state_version int not null,
        state bytea not null
      )`);
    });
    return new PostgresSnapshotStore(pool, table, seal);
  }

  async load(stream: string): Promise<Snapshot | undefined> {
    const { rows } = await this.pool.query<SnapshotRow>({
      name: 'load-snapshot',
      text: `select revision, event_id, state_version, state from ${this.table} where stream = $1`,
      values: [stream],
    });
    const row = rows[0];
    if (row === undefined) return undefined;
    return {
      stream,
      revision: BigInt(row.revision),
      eventId: row.event_id,
      stateVersion: row.state_version,
      state: JSON.parse(this.seal.open(stream, row.state).toString('utf8')) as JsonValue,
    };
  }

  /** The streams of one call differ. */
  async save(snapshots: readonly Snapshot[]): Promise<void> {
    const sealed = snapshots.map(({ stream, state }) => this.seal.seal(stream, Buffer.from(JSON.stringify(state))));
    await this.pool.query({
      name: 'save-snapshots',
      text: `
        insert into ${this.table} as kept (stream, revision, event_id, state_version, state)
        select * from unnest($1::text[], $2::bigint[], $3::uuid[], $4::int[], $5::bytea[])
        on conflict (stream) do update
          set revision = excluded.revision, event_id = excluded.event_id,
              state_version = excluded.state_version, state = excluded.state`,
      values: [
        snapshots.map(({ stream }) => stream),
        snapshots.map(({ revision }) => String(revision)),
        snapshots.map(({ eventId }) => eventId),
        snapshots.map(({ stateVersion }) => stateVersion),
        sealed,
      ],
    });
  }

  async forget(stream: string): Promise<void> {
    await this.pool.query({
      name: 'forget-snapshot',
      text: `delete from ${this.table} where stream = $1`,
      values: [stream],
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
