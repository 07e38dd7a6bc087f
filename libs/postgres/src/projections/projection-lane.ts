import { EventBatch, EventStore, Log, Projection } from '@app/event-sourcing';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriter, isRefusal } from './batch-writer';
import { Place } from './checkpoints';
import { Part, Poison, projectBatch } from './project-batch';
import { ProjectionProgress, Track } from './projection-progress';

const BATCH_EVENTS_MAX = 1_000;
/** Under load a lane that has caught up writes at most every so often: fifty events cost hardly more than one. */
const LINGER_MS = 25;

/** One transaction of the live read models, for metrics. */
export interface BatchObservation {
  readonly events: number;
  /** From the recording of the batch's oldest and newest event to the commit of their rows. */
  readonly oldestLagMs: number;
  readonly newestLagMs: number;
}

export interface LaneContext {
  readonly store: EventStore;
  readonly writer: BatchWriter;
  readonly progress: ProjectionProgress;
  readonly log: Log;
  readonly observe: ((batch: BatchObservation) => void) | undefined;
}

type Batches = AsyncIterator<EventBatch, unknown>;

/** One subscription that feeds several projections, batch by batch, each batch in one transaction. */
export class ProjectionLane {
  constructor(
    private readonly context: LaneContext,
    private readonly projections: readonly Projection[],
  ) {}

  /**
   * Runs until `signal` aborts or one of its projections fails, or with `untilCaughtUp` until the store has nothing more.
   * Errors: what the store and the writer throw that a new attempt from the checkpoints can mend.
   */
  async run(signal: AbortSignal, options: { readonly untilCaughtUp: boolean }): Promise<void> {
    const { store } = this.context;
    const readers = this.readers();
    const ending = new AbortController();
    const subscription = store.subscribeToAll({
      from: readers.map(({ position }) => position).reduce((a, b) => (store.comparePositions(a, b) <= 0 ? a : b)),
      signal: AbortSignal.any([signal, ending.signal]),
      batchSizeMax: BATCH_EVENTS_MAX,
    });
    const batches = subscription[Symbol.asyncIterator]() as Batches;
    try {
      let next = batches.next();
      for (;;) {
        const result = await next;
        if (signal.aborted) return;
        // Not to be taken for an end of the work: it would be begun again without a pause.
        if (result.done === true) throw new Error('the store ended the subscription');
        const batch = result.value;
        // While the lane is behind, the next page is read while this one is written.
        if (!batch.caughtUp) next = ahead(batches);
        await this.apply(batch);
        if (this.readers().length < readers.length) return;
        if (!batch.caughtUp) continue;
        if (options.untilCaughtUp) return;
        if (batch.events.length > 0) await sleep(LINGER_MS, undefined, { signal }).catch(() => undefined);
        next = batches.next();
      }
    } finally {
      ending.abort();
      await batches.return?.();
    }
  }

  /** Failed projections stay where they are until they are tried again. */
  private readers(): Track[] {
    return this.context.progress.working.filter(({ projection }) => this.projections.includes(projection));
  }

  private async apply(batch: EventBatch): Promise<void> {
    const { store, writer, progress } = this.context;
    const compare = (a: Place, b: Place): number => store.comparePositions(a, b);
    const before = this.readers().map((track) => ({ track, position: track.position }));
    const parts = projectBatch(batch.events, batch.position, this.readers(), compare);
    this.note(batch, true);
    try {
      await writer.write(parts);
      this.advance(batch, parts);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      for (const part of parts) await this.applyAlone(batch, part);
    }
    this.note(batch, false);
    for (const { track, position } of before) {
      const wentOn = track.position !== position || batch.caughtUp;
      if (wentOn && track.failure?.isTried === true) this.recover(track);
    }
    progress.moved();
    this.observe(batch);
  }

  private recover(track: Track): void {
    this.context.log.info({ projection: track.projection.name, position: track.position }, 'a projection goes on');
    this.context.progress.recover(track);
  }

  /** A batch that the database refused: each projection for itself, and one that is refused again event by event up to the one. */
  private async applyAlone(batch: EventBatch, whole: Part): Promise<void> {
    const { store, writer } = this.context;
    const compare = (a: Place, b: Place): number => store.comparePositions(a, b);
    try {
      await writer.write([whole]);
      this.advance(batch, [whole]);
      return;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    for (const event of batch.events) {
      const { position } = this.context.progress.track(whole.projection);
      const parts = projectBatch([event], event.position, [{ projection: whole.projection, position }], compare);
      try {
        await writer.write(parts);
        this.advance(batch, parts);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.fail(whole.projection, { event, error });
      }
      if (this.context.progress.track(whole.projection).failure?.isTried === false) return;
    }
  }

  private advance(batch: EventBatch, parts: readonly Part[]): void {
    const takenAtMs = recordedAtMs(batch, -1);
    for (const { projection, to, poison } of parts) {
      const track = this.context.progress.track(projection);
      track.position = to;
      track.takenAtMs = takenAtMs ?? track.takenAtMs;
      if (poison !== undefined) this.fail(projection, poison);
    }
  }

  private note(batch: EventBatch, pending: boolean): void {
    for (const projection of this.projections) {
      const track = this.context.progress.track(projection);
      track.pendingSinceMs = pending ? recordedAtMs(batch, 0) : undefined;
      if (!pending) track.live = batch.caughtUp;
    }
  }

  private fail(projection: Projection, { event, error }: Poison): void {
    const reason = error instanceof Error ? error.message : String(error);
    const { type, stream, position } = event;
    this.context.log.error({ projection: projection.name, type, stream, position, reason }, 'a projection stopped at an event');
    this.context.progress.fail(projection, `stopped at event ${type} of ${stream}, position ${position}: ${reason}`);
  }

  private observe(batch: EventBatch): void {
    const oldest = recordedAtMs(batch, 0);
    const newest = recordedAtMs(batch, -1);
    if (oldest === undefined || newest === undefined) return;
    const nowMs = Date.now();
    this.context.observe?.({ events: batch.events.length, oldestLagMs: nowMs - oldest, newestLagMs: nowMs - newest });
  }
}

function recordedAtMs({ events }: EventBatch, place: 0 | -1): number | undefined {
  const event = events.at(place);
  return event === undefined ? undefined : Date.parse(event.recordedAt);
}

/** A page asked for early; when it fails, that is noticed where it is awaited. */
function ahead(batches: Batches): Promise<IteratorResult<EventBatch, unknown>> {
  const next = batches.next();
  next.catch(() => undefined);
  return next;
}
