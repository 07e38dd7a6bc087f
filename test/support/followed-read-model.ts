import { ColumnValue, EventStore, Position, Projection, RowChange } from '@app/event-sourcing';
import { Pool } from '@app/postgres';
import { tableName } from '@app/provisioning/read-models/table-name';

/** One projection kept up to date in a test database, row by row and without checkpoints; the runner proper has tests of its own. */
export class FollowedReadModel {
  private readonly stopping = new AbortController();
  private position: Position = 'start';
  private following: Promise<void> = Promise.resolve();

  private constructor(
    private readonly store: EventStore,
    private readonly pool: Pool,
    private readonly projection: Projection,
  ) {}

  static async start(store: EventStore, pool: Pool, projection: Projection): Promise<FollowedReadModel> {
    const model = new FollowedReadModel(store, pool, projection);
    await pool.query('create schema if not exists read_models');
    for (const { name, ddl } of projection.tables) await pool.query(ddl.replaceAll('$table', tableName(projection, name)));
    model.following = model.follow();
    return model;
  }

  async waitFor(_names: readonly string[], position: Position, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (this.store.comparePositions(this.position, position) < 0) {
      if (Date.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return true;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  private async follow(): Promise<void> {
    for await (const batch of this.store.subscribeToAll({ from: 'start', signal: this.stopping.signal })) {
      for (const event of batch.events) {
        if (!this.projection.eventTypes.includes(event.type)) continue;
        for (const change of this.projection.project(event)) await this.apply(change);
      }
      this.position = batch.position;
    }
  }

  private async apply(change: RowChange): Promise<void> {
    const table = tableName(this.projection, change.table);
    const key = this.projection.tables.find(({ name }) => name === change.table)?.keyColumn ?? '';
    if (change.op === 'delete') {
      await this.pool.query(`delete from ${table} where ${key} = $1`, [change.key]);
      return;
    }
    const names = Object.keys(change.columns);
    const values = Object.values(change.columns).map(asParameter);
    await this.pool.query(
      `insert into ${table} (${[key, ...names].join(', ')}) values (${[key, ...names].map((_, index) => `$${index + 1}`).join(', ')})
       on conflict (${key}) do update set ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
      [change.key, ...values],
    );
  }
}

function asParameter(value: ColumnValue): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
