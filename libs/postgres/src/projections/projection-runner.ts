import { EventStore, Log, Projection } from '@app/event-sourcing';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { PgConfig } from '../pool';
import { BatchWriter, prepareStatements, Statements } from './batch-writer';
import { Place, readCheckpoints } from './checkpoints';
import { acquireLeadership } from './leadership';
import { BatchObservation, ProjectionLane } from './projection-lane';
import { ProjectionProgress } from './projection-progress';

/** Any fixed number does; there is one lock for all read models of a log. */
export const PROJECTIONS_LOCK = 7_236_403;

const BACK_OFF_MS_MIN = 100;
const BACK_OFF_MS_MAX = 5_000;
/** A connection that was lost once is no news; what fails as often in a row is reported until a batch goes through. */
const FAILURES_UNREPORTED_MAX = 2;

export interface RunnerContext {
  readonly store: EventStore;
  readonly config: PgConfig;
  /** As `openWriterPool` gives it. */
  readonly pool: Pool;
  readonly projections: readonly Projection[];
  readonly progress: ProjectionProgress;
  readonly log: Log;
  readonly observe: ((batch: BatchObservation) => void) | undefined;
  /** Number of the lock that says who leads. */
  readonly lock: number;
}

/**
 * Keeps the read models up to date while it leads, and stands by while another runner does. After any failure it starts again from
 * the checkpoints in the database, so nothing it remembers matters.
 */
export class ProjectionRunner {
  private readonly stopping = new AbortController();
  private done: Promise<void> = Promise.resolve();
  private isLeading = false;
  /** Failed attempts in a row. */
  private failures = 0;

  constructor(private readonly context: RunnerContext) {}

  /** Positions come from this runner's own writes. */
  get leading(): boolean {
    return this.isLeading;
  }

  start(): void {
    this.done = this.run();
  }

  /** Resolves when the last transaction has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const { log } = this.context;
    while (!signal.aborted) {
      const startedAtMs = performance.now();
      try {
        await this.leadOnce(signal);
        this.failures = 0;
      } catch (error) {
        if (isAborted(signal)) break;
        // An attempt that went well for a while is no part of a series.
        this.failures = performance.now() - startedAtMs > BACK_OFF_MS_MAX ? 1 : this.failures + 1;
        const backOffMs = Math.min(BACK_OFF_MS_MIN * 2 ** Math.min(this.failures - 1, 10), BACK_OFF_MS_MAX);
        const reason = error instanceof Error ? error.message : String(error);
        if (this.failures > FAILURES_UNREPORTED_MAX) this.context.progress.interrupt(reason);
        log.warn({ reason, backOffMs, failures: this.failures }, 'the projections start again from their checkpoints');
        await sleep(backOffMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async leadOnce(signal: AbortSignal): Promise<void> {
    const { config, log, progress, lock } = this.context;
    const leadership = await acquireLeadership(config, lock, signal, log, { onStandby: () => progress.standBy() });
    if (leadership === undefined) return;
    log.info({}, 'this process runs the projections');
    try {
      await this.lead(AbortSignal.any([signal, leadership.signal]));
    } finally {
      this.isLeading = false;
      progress.setState('standby');
      await leadership.release();
    }
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const { pool, projections, progress, store, log, observe } = this.context;
    const statements = new Map<Projection, Statements>();
    for (const projection of projections) statements.set(projection, await prepareStatements(pool, projection));
    const lanes = { store, writer: new BatchWriter(pool, statements), progress, log, observe };
    const lane = (members: readonly Projection[]): ProjectionLane => new ProjectionLane(lanes, members);
    while (!signal.aborted) await this.round(lane, signal);
  }

  /** From the checkpoints until the projections have to be told apart anew: one is to be tried again, or those behind have caught up. */
  private async round(lane: (members: readonly Projection[]) => ProjectionLane, signal: AbortSignal): Promise<void> {
    const { progress } = this.context;
    await this.takeCheckpoints();
    this.isLeading = true;
    progress.setState('running');
    progress.retryDue(Date.now());
    const ending = new AbortController();
    const retryAtMs = progress.nextRetryAtMs;
    const alarm = retryAtMs === undefined ? undefined : setTimeout(() => ending.abort(), Math.max(0, retryAtMs - Date.now()));
    const { front, behind } = this.split();
    const round = AbortSignal.any([signal, ending.signal]);
    try {
      if (behind.length > 0) await catchUp(lane(front), lane(behind), round);
      else if (front.length > 0) await lane(front).run(round, { untilCaughtUp: false });
      else await aborted(round);
    } finally {
      clearTimeout(alarm);
    }
  }

  private async takeCheckpoints(): Promise<void> {
    const { pool, progress } = this.context;
    const checkpoints = await readCheckpoints(pool);
    for (const track of progress.tracks) {
      const { name, version } = track.projection;
      const checkpoint = checkpoints.find((candidate) => candidate.name === name && candidate.version === version);
      track.position = checkpoint?.position ?? 'start';
      track.takenAtMs = checkpoint?.updatedAt.getTime() ?? Date.now();
    }
    progress.moved();
  }

  /** A new or long-stopped projection must not hold the others back while it reads the log from far behind. */
  private split(): { front: readonly Projection[]; behind: readonly Projection[] } {
    const { progress, store } = this.context;
    const tracks = progress.working;
    const compare = (a: Place, b: Place): number => store.comparePositions(a, b);
    const newest = tracks.reduce<Place>((most, { position }) => (compare(position, most) > 0 ? position : most), 'start');
    const named = (inFront: boolean): Projection[] =>
      tracks.filter(({ position }) => (compare(position, newest) === 0) === inFront).map(({ projection }) => projection);
    return { front: named(true), behind: named(false) };
  }
}

/** Runs both lanes side by side until the one behind has caught up; after that one lane can serve all. */
async function catchUp(front: ProjectionLane, behind: ProjectionLane, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const both = AbortSignal.any([signal, done.signal]);
  const ending = (run: Promise<void>): Promise<void> => run.finally(() => done.abort());
  const results = await Promise.allSettled([
    ending(front.run(both, { untilCaughtUp: false })),
    ending(behind.run(both, { untilCaughtUp: true })),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** A function, because the compiler takes a signal for settled at its first look. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
