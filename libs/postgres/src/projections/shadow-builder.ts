import { EventStore, Projection, RecordedEvent } from '@app/event-sourcing';
import { PoolClient } from 'pg';
import { isRefusal, runAll, statementRuns, Statements } from './batch-writer';
import { Place } from './checkpoints';
import { ChangeMerger } from './merge-changes';
import { readLog } from './read-log';

/** Events merged into one write. Fewer cost the database more statements, more cost this process more garbage collection. */
const WRITE_EVENTS_MAX = 4_000;

/** Where the time of a rebuild goes, in ms of this process; waiting overlaps with what the database does meanwhile. */
export interface BuildTimings {
  waitingForEventsMs: number;
  projectingMs: number;
  waitingForWritesMs: number;
}

/** A projection cannot be rebuilt: it cannot take an event, or the database does not take its rows. */
export class RebuildStopped extends Error {
  constructor(message: string, cause: unknown) {
    super(`${message}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'RebuildStopped';
  }
}

/** Fills the tables of one projection from the log: reading, projecting and writing go on at the same time, each in order. */
export class ShadowBuilder {
  readonly timings: BuildTimings = { waitingForEventsMs: 0, projectingMs: 0, waitingForWritesMs: 0 };
  private readonly types: ReadonlySet<string>;
  private place: Place = 'start';
  private read = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: EventStore,
    private readonly projection: Projection,
    private readonly statements: Statements,
    private readonly client: PoolClient,
    private readonly onEvents: (builder: ShadowBuilder) => void,
  ) {
    this.types = new Set(projection.eventTypes);
  }

  /** Up to which the tables hold everything. */
  get position(): Place {
    return this.place;
  }

  /** Events read so far, with those the projection passes over. */
  get events(): number {
    return this.read;
  }

  /** To be called when the transaction was rolled back in which it went on from here. */
  rewind(to: Place): void {
    this.place = to;
  }

  /** Errors: `RebuildStopped`; what the store or the database throw. */
  async buildTo(to: Place, signal: AbortSignal): Promise<void> {
    try {
      let merger = new ChangeMerger();
      let gathered = 0;
      let waitingSinceMs = performance.now();
      for await (const events of readLog(this.store, this.place, to, signal)) {
        this.timings.waitingForEventsMs += performance.now() - waitingSinceMs;
        this.project(events, merger);
        gathered += events.length;
        if (gathered >= WRITE_EVENTS_MAX) {
          await this.beginWrite(merger);
          merger = new ChangeMerger();
          gathered = 0;
        }
        this.onEvents(this);
        signal.throwIfAborted();
        waitingSinceMs = performance.now();
      }
      await this.beginWrite(merger);
    } finally {
      await this.writing;
    }
  }

  private project(events: readonly RecordedEvent[], merger: ChangeMerger): void {
    const startedMs = performance.now();
    for (const event of events) {
      if (!this.types.has(event.type)) continue;
      try {
        for (const change of this.projection.project(event)) merger.add(change);
      } catch (cause) {
        const { type, stream, position } = event;
        throw new RebuildStopped(`${this.projection.name} cannot take event ${type} of ${stream}, position ${position}`, cause);
      }
    }
    this.place = events.at(-1)?.position ?? this.place;
    this.read += events.length;
    this.timings.projectingMs += performance.now() - startedMs;
  }

  /** Makes the statements while the last write is still under way, waits for that, and begins this one without waiting for it. */
  private async beginWrite(merger: ChangeMerger): Promise<void> {
    const startedMs = performance.now();
    const runs = statementRuns(this.statements, merger.tables);
    const readyMs = performance.now();
    await this.writing;
    this.timings.projectingMs += readyMs - startedMs;
    this.timings.waitingForWritesMs += performance.now() - readyMs;
    const end = this.place;
    this.writing = runAll(this.client, runs).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      throw new RebuildStopped(`the database refuses rows of ${this.projection.name} at or before position ${end}`, error);
    });
    // When it fails, that is noticed where it is awaited.
    this.writing.catch(() => undefined);
  }
}
