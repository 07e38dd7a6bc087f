import { EventStore, Log } from '@app/event-sourcing';
import { PgConfig, rebuildProjection } from '@app/postgres';
import { ProjectionRebuilder, RebuildRequest, RebuildResult } from '@app/provisioning';
import { projections } from './projections';

/** Rebuilds read models in this process: on a connection of their own, which also holds the lock against other processes. */
export class PostgresProjectionRebuilder implements ProjectionRebuilder {
  readonly names = projections.map(({ name }) => name);

  constructor(
    private readonly store: EventStore,
    private readonly config: PgConfig,
    private readonly log: Log,
  ) {}

  async rebuild({ projection: name, switchOver, onStep, signal }: RebuildRequest): Promise<RebuildResult> {
    const projection = projections.find((known) => known.name === name);
    if (projection === undefined) throw new RangeError(`no projection is called ${name}`);
    const { store, config, log } = this;
    const report = await rebuildProjection({
      store,
      config,
      projection,
      switchOver,
      log,
      signal,
      onProgress: ({ phase, events, eventsPerSecond, fraction }) => onStep({ phase, events, eventsPerSecond, fraction }),
    });
    const { version, events, position, buildMs, compared, switched } = report;
    return { version, events, position, buildMs, compared, switched };
  }
}
