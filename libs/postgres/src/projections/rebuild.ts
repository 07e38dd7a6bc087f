import { EventStore, Log, Projection } from '@app/event-sourcing';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, PoolClient } from 'pg';
import { PgConfig } from '../pool';
import { addCheckpoints, Checkpoint, lockCheckpoint, Place, readCheckpoints, setCheckpoint } from './checkpoints';
import { compareTables, TableComparison } from './compare-tables';
import { RebuildMeter, RebuildProgress } from './rebuild-meter';
import { BuildTimings, ShadowBuilder } from './shadow-builder';
import { createShadowTables, finishShadowTables, swapTables } from './shadow-tables';

export interface RebuildOptions {
  readonly store: EventStore;
  /** The database of the read models. */
  readonly config: PgConfig;
  readonly projection: Projection;
  /** False leaves the live tables and only compares. True when absent. */
  readonly switchOver?: boolean;
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly signal?: AbortSignal;
  readonly log?: Log;
}

export interface RebuildReport {
  readonly projection: string;
  readonly version: number;
  /** Events read, with those that the projection passes over. */
  readonly events: number;
  readonly position: Place;
  /** Reading, projecting, writing and indexing up to the position of the comparison. */
  readonly buildMs: number;
  readonly eventsPerSecond: number;
  readonly timings: BuildTimings & { readonly indexingMs: number; readonly compareMs: number; readonly switchMs: number };
  /** Null when there was nothing live to compare with. */
  readonly compared: { readonly version: number; readonly position: Place; readonly tables: readonly TableComparison[] } | null;
  readonly switched: boolean;
}

/** Each round follows what was appended during the one before, so a few are enough. */
const ROUNDS_MAX = 10;
/** What remains below this is done within the transactions of the comparison and the switch. */
const REMAINDER_EVENTS = 5_000;
/** Readers that hold the live tables longer than this make the switch stand back, so that nobody queues up behind it. */
const SWITCH_LOCK_TIMEOUT_MS = 2_000;
const SWITCH_ATTEMPTS_MAX = 10;
const SWITCH_RETRY_DELAY_MS = 300;
const LOCK_NOT_AVAILABLE = '55P03';

type Live = Pick<Checkpoint, 'name' | 'version'>;

/** One rebuild on one connection, which also holds its lock. */
export class Rebuild {
  private readonly signal: AbortSignal;

  constructor(
    private readonly options: RebuildOptions,
    private readonly client: PoolClient,
  ) {
    this.signal = options.signal ?? new AbortController().signal;
  }

  async run(): Promise<RebuildReport> {
    const { store, projection, switchOver = true, onProgress } = this.options;
    const meter = new RebuildMeter(await store.headPosition(), onProgress);
    const shadow = await createShadowTables(this.client, projection);
    const builder = new ShadowBuilder(store, projection, shadow.statements, this.client, (built) => meter.read(built));
    const live = await this.findLive();
    await this.buildInRounds(builder, live);
    const indexingMs = await meter.phase('indexing', () => finishShadowTables(this.client, projection, shadow));
    const build = { buildMs: meter.elapsedMs, builtEvents: builder.events };
    let compared: RebuildReport['compared'] = null;
    const compareMs = await meter.phase('comparing', async () => {
      if (live !== undefined) compared = await this.compare(builder, live);
    });
    this.signal.throwIfAborted();
    const switchMs = await meter.phase('switching', async () => {
      if (switchOver) await this.switchOver(builder, live);
    });
    return {
      projection: projection.name,
      version: projection.version,
      events: builder.events,
      position: builder.position,
      buildMs: build.buildMs,
      eventsPerSecond: Math.round((build.builtEvents * 1_000) / Math.max(build.buildMs, 1)),
      timings: { ...builder.timings, indexingMs, compareMs, switchMs },
      compared,
      switched: switchOver,
    };
  }

  /** The newest version that has taken anything, this one or an older one; undefined when there is none. */
  private async findLive(): Promise<Live | undefined> {
    const { name, version } = this.options.projection;
    const checkpoints = await readCheckpoints(this.client);
    return checkpoints
      .filter((found) => found.name === name && found.version <= version && found.position !== 'start')
      .sort((a, b) => b.version - a.version)[0];
  }

  private async livePosition(live: Live): Promise<Place> {
    const checkpoints = await readCheckpoints(this.client);
    return checkpoints.find(({ name, version }) => name === live.name && version === live.version)?.position ?? 'start';
  }

  /** Never past the live one, because it can only be compared where it is. */
  private async buildInRounds(builder: ShadowBuilder, live: Live | undefined): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const before = builder.events;
      const target = live === undefined ? this.options.store.headPosition() : this.livePosition(live);
      await builder.buildTo(await target, this.signal);
      if (builder.events - before < REMAINDER_EVENTS) return;
    }
  }

  /** In one snapshot, in which the live rows are exactly those of the live checkpoint; the live runner goes on outside of it. */
  private compare(builder: ShadowBuilder, live: Live): Promise<RebuildReport['compared']> {
    return this.transaction('begin isolation level repeatable read', async () => {
      const position = await this.livePosition(live);
      await builder.buildTo(position, this.signal);
      const tables = await compareTables(this.client, this.options.projection, live.version);
      return { version: live.version, position, tables };
    });
  }

  private async switchOver(builder: ShadowBuilder, live: Live | undefined): Promise<void> {
    const { store } = this.options;
    const position = live === undefined ? undefined : await this.livePosition(live);
    // A live one that stands still is not waited for: it may be one that has failed.
    const moves = position !== undefined && store.comparePositions(position, builder.position) > 0;
    await builder.buildTo(moves ? position : await store.headPosition(), this.signal);
    for (let attempt = 1; ; attempt++) {
      const before = builder.position;
      try {
        await this.transaction('begin', () => this.switchWithin(builder));
        return;
      } catch (error) {
        const held = error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE;
        if (!held || attempt === SWITCH_ATTEMPTS_MAX) throw error;
        builder.rewind(before);
        await sleep(SWITCH_RETRY_DELAY_MS, undefined, { signal: this.signal });
      }
    }
  }

  /**
   * The checkpoint is locked first, as the runner does it, so the two wait for each other and never in a circle. A runner that was
   * at the same position does not notice; one that was behind starts again from the new checkpoint.
   */
  private async switchWithin(builder: ShadowBuilder): Promise<void> {
    const { store, projection } = this.options;
    await this.client.query(`set local lock_timeout = ${SWITCH_LOCK_TIMEOUT_MS}`);
    await addCheckpoints(this.client, [projection]);
    const position = (await lockCheckpoint(this.client, projection)) ?? 'start';
    if (store.comparePositions(position, builder.position) > 0) await builder.buildTo(position, this.signal);
    await swapTables(this.client, projection);
    await setCheckpoint(this.client, projection, builder.position);
  }

  private async transaction<T>(begin: string, work: () => Promise<T>): Promise<T> {
    await this.client.query(begin);
    try {
      const result = await work();
      await this.client.query('commit');
      return result;
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined);
      throw error;
    }
  }
}
