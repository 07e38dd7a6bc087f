import { Projection } from '@app/event-sourcing';
import { Place } from './checkpoints';

export type ProjectionState = 'running' | 'standby' | 'stopped' | 'failed';

/** What is known here of one projection. */
export interface Track {
  readonly projection: Projection;
  state: ProjectionState;
  position: Place;
  /** When the newest event that it has taken was recorded, or its checkpoint was written; ms since 1970. */
  takenAtMs: number;
  /** When the oldest event was recorded that is being written now; ms since 1970. */
  pendingSinceMs: number | undefined;
  /** The store had nothing more when it last gave something. */
  live: boolean;
  error: string | null;
}

interface Waiter {
  readonly names: readonly string[];
  readonly position: Place;
  readonly settle: (reached: boolean) => void;
}

/** Waiters at one time; past that the answer is "not yet" at once. */
const WAITERS_MAX = 10_000;

/** How far each projection is, and who waits for it. */
export class ProjectionProgress {
  readonly tracks: readonly Track[];
  private readonly byName: ReadonlyMap<string, Track>;
  private readonly waiters = new Set<Waiter>();

  constructor(
    projections: readonly Projection[],
    private readonly compare: (a: Place, b: Place) => number,
  ) {
    this.tracks = projections.map((projection) => ({
      projection,
      state: 'standby',
      position: 'start',
      takenAtMs: Date.now(),
      pendingSinceMs: undefined,
      live: false,
      error: null,
    }));
    this.byName = new Map(this.tracks.map((track) => [track.projection.name, track]));
  }

  get waiting(): boolean {
    return this.waiters.size > 0;
  }

  track(projection: Projection): Track {
    const track = this.byName.get(projection.name);
    if (track === undefined) throw new RangeError(`no projection is called ${projection.name}`);
    return track;
  }

  /** To be called when positions have moved. */
  moved(): void {
    for (const waiter of [...this.waiters]) if (this.reached(waiter.names, waiter.position)) waiter.settle(true);
  }

  setState(state: ProjectionState): void {
    for (const track of this.tracks) if (track.state !== 'failed') track.state = state;
  }

  /**
   * True when all named projections have reached the position within the time, false when not; at once when one of them has failed
   * before it. Error: `RangeError` for a name or a position that there is not.
   */
  async waitFor(names: readonly string[], position: Place, timeoutMs: number): Promise<boolean> {
    const unknown = names.find((name) => !this.byName.has(name));
    if (unknown !== undefined) throw new RangeError(`no projection is called ${unknown}`);
    const known = this.answerNow(names, position, timeoutMs);
    if (known !== undefined) return known;
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(reached);
      };
      const timer = setTimeout(settle, timeoutMs, false);
      const waiter: Waiter = { names, position, settle };
      this.waiters.add(waiter);
    });
  }

  /** Tells everybody who waits for this one that it will not come. */
  fail(projection: Projection, error: string): void {
    const track = this.track(projection);
    track.state = 'failed';
    track.error = error;
    for (const waiter of [...this.waiters]) if (waiter.names.includes(projection.name)) waiter.settle(false);
  }

  /** No more news will come. */
  end(): void {
    this.setState('stopped');
    for (const waiter of [...this.waiters]) waiter.settle(false);
  }

  /** Undefined when the answer has to be waited for. */
  private answerNow(names: readonly string[], position: Place, timeoutMs: number): boolean | undefined {
    if (this.reached(names, position)) return true;
    const hopeless = names.some((name) => this.byName.get(name)?.state === 'failed');
    return hopeless || timeoutMs <= 0 || this.waiters.size >= WAITERS_MAX ? false : undefined;
  }

  private reached(names: readonly string[], position: Place): boolean {
    return names.every((name) => this.compare(this.byName.get(name)?.position ?? 'start', position) >= 0);
  }
}
