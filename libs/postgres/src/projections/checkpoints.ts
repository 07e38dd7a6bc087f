import { Position, Projection } from '@app/event-sourcing';
import { Pool, PoolClient } from 'pg';
import { Migration } from '../migrations';
import { READ_MODELS_SCHEMA } from './table-shape';

export const checkpointMigrations: readonly Migration[] = [
  {
    number: 1,
    name: 'projection checkpoints',
    sql: `create table $schema.projection_checkpoints (
            name text not null,
            version integer not null,
            position text not null,
            updated_at timestamptz not null default now(),
            primary key (name, version)
          ) with (fillfactor = 50)`,
  },
];

const TABLE = `${READ_MODELS_SCHEMA}.projection_checkpoints`;

export type Place = Position | 'start';

/** One projection's step: it is at `from` and goes to `to`. */
export interface CheckpointStep {
  readonly projection: Pick<Projection, 'name' | 'version'>;
  readonly from: Place;
  readonly to: Place;
}

/** Another runner has written since this one looked; what was about to be written has been written already. */
export class CheckpointMoved extends Error {
  constructor(names: readonly string[]) {
    super(`another runner moved a checkpoint of ${names.join(', ')}`);
    this.name = 'CheckpointMoved';
  }
}

/** Makes the checkpoints that are missing, at the start of the log. */
export async function addCheckpoints(client: Pool | PoolClient, projections: readonly Projection[]): Promise<void> {
  await client.query(
    `insert into ${TABLE} (name, version, position) select name, version, 'start' from unnest($1::text[], $2::int[]) as p(name, version)
     on conflict do nothing`,
    [projections.map(({ name }) => name), projections.map(({ version }) => version)],
  );
}

export interface Checkpoint {
  readonly name: string;
  readonly version: number;
  readonly position: Place;
  readonly updatedAt: Date;
}

/** All checkpoints there are, also those of versions that this program does not know. */
export async function readCheckpoints(client: Pool | PoolClient): Promise<readonly Checkpoint[]> {
  const { rows } = await client.query<Checkpoint>({
    name: 'read checkpoints',
    text: `select name, version, position, updated_at as "updatedAt" from ${TABLE}`,
  });
  return rows;
}

/**
 * Compare-and-set of all given checkpoints within the caller's transaction; to be called before rows are written, because the row
 * locks are what keeps two runners, or a runner and a switch, apart. Error: `CheckpointMoved`.
 */
export async function moveCheckpoints(client: PoolClient, steps: readonly CheckpointStep[]): Promise<void> {
  const { rowCount } = await client.query({
    name: 'move checkpoints',
    text: `update ${TABLE} as c set position = s.next, updated_at = now()
           from unnest($1::text[], $2::int[], $3::text[], $4::text[]) as s(name, version, previous, next)
           where c.name = s.name and c.version = s.version and c.position = s.previous`,
    values: [
      steps.map(({ projection }) => projection.name),
      steps.map(({ projection }) => projection.version),
      steps.map(({ from }) => from),
      steps.map(({ to }) => to),
    ],
  });
  if (rowCount !== steps.length) throw new CheckpointMoved(steps.map(({ projection }) => projection.name));
}

/** Keeps runners from moving this checkpoint until the caller's transaction ends; undefined when there is none. */
export async function lockCheckpoint(
  client: PoolClient,
  projection: Pick<Projection, 'name' | 'version'>,
): Promise<Place | undefined> {
  const { rows } = await client.query<{ position: Place }>(
    `select position from ${TABLE} where name = $1 and version = $2 for update`,
    [projection.name, projection.version],
  );
  return rows[0]?.position;
}

/** For a switch that has locked the checkpoint: whoever was at another position starts again from this one. */
export async function setCheckpoint(
  client: PoolClient,
  projection: Pick<Projection, 'name' | 'version'>,
  position: Place,
): Promise<void> {
  await client.query(`update ${TABLE} set position = $3, updated_at = now() where name = $1 and version = $2`, [
    projection.name,
    projection.version,
    position,
  ]);
}
