import { EventStore, Log, parseDecimalPosition, Projection, silentLog } from '@app/event-sourcing';
import { Pool } from 'pg';
import { PgConfig } from '../pool';
import { openWriterPool } from './batch-writer';
import { Place, readCheckpoints } from './checkpoints';
import { BatchObservation } from './projection-lane';
import { ProjectionProgress, ProjectionState, RetryPauses, Track } from './projection-progress';
import { PROJECTIONS_LOCK, ProjectionRunner } from './projection-runner';
import { createReadModels } from './read-model-tables';

/** One connection for each of two lanes, one for checkpoints read by waiters. */
const CONNECTIONS_MAX = 3;
/** Of a projection that cannot take an event: what stands in its way may be mended meanwhile, by a rebuild for one. */
const RETRY_PAUSES: RetryPauses = { firstMs: 1_000, longestMs: 60_000 };
/** How often a process that does not lead looks at the checkpoints while somebody waits. */
const CHECKPOINT_POLL_MS = 25;

export interface ProjectionsOptions {
  readonly store: EventStore;
  /** The database of the read models. */
  readonly config: PgConfig;
  readonly projections: readonly Projection[];
  readonly log?: Log;
  /** False in a process that only reads: it watches the checkpoints that another process moves. True when absent. */
  readonly run?: boolean;
  readonly observe?: (batch: BatchObservation) => void;
  /** Chooses the one runner that leads: projections of another log, in the same database, need another number. */
  readonly lock?: number;
  /** From a second to a minute when absent. */
  readonly retryPauses?: RetryPauses;
}

export interface ProjectionReport {
  readonly name: string;
  readonly version: number;
  readonly state: ProjectionState;
  /** Position up to which the read model holds everything; `start` for nothing. */
  readonly position: string;
  readonly caughtUp: boolean;
  /** Since the oldest event that it has not taken was recorded, at most; 0 when it has taken all. */
  readonly lagMs: number;
  /** Events it has not taken, at most; null where positions of the store are not numbers. */
  readonly lagEvents: number | null;
  /** Why it cannot go on; it is tried again by itself. */
  readonly error: string | null;
}

export interface RunningProjections {
  status(): Promise<readonly ProjectionReport[]>;
  /**
   * True when all named projections have reached the position within the time, false when not, wherever they run.
   * Error: `RangeError` for a name or a position that there is not.
   */
  waitFor(names: readonly string[], position: string, timeoutMs: number): Promise<boolean>;
  /** Ends after the transaction under way; waiters get false. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Makes the tables that are missing and starts the runner, which may be one of several: one leads, the others stand by. Resolves
 * before the projections have caught up; `status` says how far they are.
 */
export async function startProjections(options: ProjectionsOptions): Promise<RunningProjections> {
  const {
    store,
    config,
    projections,
    log = silentLog,
    run = true,
    observe,
    lock = PROJECTIONS_LOCK,
    retryPauses = RETRY_PAUSES,
  } = options;
  const pool = openWriterPool(config, { applicationName: 'rehome-projections', max: CONNECTIONS_MAX, log });
  try {
    await createReadModels(pool, projections);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const progress = new ProjectionProgress(projections, (a, b) => store.comparePositions(a, b), retryPauses);
  const runner = new ProjectionRunner({ store, config, pool, projections, progress, log, observe, lock });
  if (run) runner.start();
  return new Projections(store, pool, progress, runner, log);
}

class Projections implements RunningProjections {
  private polling: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly pool: Pool,
    private readonly progress: ProjectionProgress,
    private readonly runner: ProjectionRunner,
    private readonly log: Log,
  ) {}

  async status(): Promise<readonly ProjectionReport[]> {
    if (!this.runner.leading && this.stopping === undefined) await this.look();
    const head = await this.store.headPosition();
    const nowMs = Date.now();
    return this.progress.tracks.map((track) => this.report(track, head, nowMs));
  }

  waitFor(names: readonly string[], position: Place, timeoutMs: number): Promise<boolean> {
    const answer = this.progress.waitFor(names, position, this.stopping === undefined ? timeoutMs : 0);
    if (this.progress.waiting) this.polling ??= this.poll();
    return answer;
  }

  stop(): Promise<void> {
    return (this.stopping ??= this.end());
  }

  private async end(): Promise<void> {
    await this.runner.stop();
    this.progress.end();
    await this.polling;
    await this.pool.end();
  }

  /** While somebody waits; a leader's waiters are woken by its own commits. */
  private async poll(): Promise<void> {
    while (this.progress.waiting && this.stopping === undefined) {
      try {
        if (!this.runner.leading) await this.look();
      } catch (error) {
        this.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'the checkpoints cannot be read');
      }
      await new Promise((resolve) => setTimeout(resolve, CHECKPOINT_POLL_MS));
    }
    this.polling = undefined;
  }

  private async look(): Promise<void> {
    const checkpoints = await readCheckpoints(this.pool);
    // A runner that began to lead meanwhile knows better.
    if (this.runner.leading) return;
    for (const track of this.progress.tracks) {
      const { name, version } = track.projection;
      const found = checkpoints.find((checkpoint) => checkpoint.name === name && checkpoint.version === version);
      if (found === undefined) continue;
      track.position = found.position;
      track.takenAtMs = found.updatedAt.getTime();
    }
    this.progress.moved();
  }

  private report(track: Track, head: Place, nowMs: number): ProjectionReport {
    const hasAll = this.store.comparePositions(track.position, head) >= 0;
    const sinceMs = track.pendingSinceMs ?? track.takenAtMs;
    return {
      name: track.projection.name,
      version: track.projection.version,
      state: track.state,
      position: track.position,
      caughtUp: hasAll || (track.state === 'running' && track.live),
      lagMs: hasAll ? 0 : Math.max(0, nowMs - sinceMs),
      lagEvents: hasAll ? 0 : eventsBetween(track.position, head),
      error: track.error,
    };
  }
}

function eventsBetween(position: Place, head: Place): number | null {
  try {
    return Number(parseDecimalPosition(head) - parseDecimalPosition(position));
  } catch {
    return null;
  }
}
