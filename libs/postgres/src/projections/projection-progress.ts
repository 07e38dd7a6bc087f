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
  /** There while the state is `failed`. */
  failure: Failure | undefined;
}

/** It stays until the place of the failure is passed, also while that is being tried. */
interface Failure {
  readonly position: Place;
  /** Failures at this place, one after the other. */
  readonly inARow: number;
  readonly retryAtMs: number;
  readonly isTried: boolean;
}

/** Pauses of a projection that has failed double from the first to the longest, for as long as it fails at the same place. */
export interface RetryPauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

interface Waiter {
  readonly names: readonly string[];
  readonly position: Place;
  readonly settle: (reached: boolean) => void;
}

/** Waiters at one time; past that the answer is "not yet" at once. */
const WAITERS_MAX = 10_000;

const DOUBLINGS_MAX = 20;

/** How far each projection is, and who waits for it. */
export class ProjectionProgress {
  readonly tracks: readonly Track[];
  private readonly byName: ReadonlyMap<string, Track>;
  private readonly waiters = new Set<Waiter>();

  constructor(
    projections: readonly Projection[],
    private readonly compare: (a: Place, b: Place) => number,
    private readonly pauses: RetryPauses,
  ) {
    this.tracks = projections.map((projection) => ({
      projection,
      state: 'standby',
      position: 'start',
      takenAtMs: Date.now(),
      pendingSinceMs: undefined,
      live: false,
      error: null,
      failure: undefined,
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

  /** Those that are to be fed: a failed one only while it is tried again. */
  get working(): readonly Track[] {
    return this.tracks.filter(({ failure }) => failure === undefined || failure.isTried);
  }

  /** When the next of the failed ones is to be tried again; undefined where none waits. */
  get nextRetryAtMs(): number | undefined {
    const waiting = this.tracks.flatMap(({ failure }) => (failure === undefined || failure.isTried ? [] : [failure.retryAtMs]));
    return waiting.length === 0 ? undefined : Math.min(...waiting);
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

  /** Tells everybody who waits for this one that it will not come soon. */
  fail(projection: Projection, error: string): void {
    const track = this.track(projection);
    const { failure, position } = track;
    const inARow = failure?.position === position ? failure.inARow + 1 : 1;
    const pauseMs = Math.min(this.pauses.firstMs * 2 ** Math.min(inARow - 1, DOUBLINGS_MAX), this.pauses.longestMs);
    track.state = 'failed';
    track.error = error;
    track.failure = { position, inARow, retryAtMs: Date.now() + pauseMs, isTried: false };
    for (const waiter of [...this.waiters]) if (waiter.names.includes(projection.name)) waiter.settle(false);
  }

  /** None of them can go on for now, and all are tried again together: who waits may still get an answer in time. */
  interrupt(error: string): void {
    for (const track of this.tracks.filter(({ failure }) => failure === undefined)) {
      track.state = 'failed';
      track.error = error;
      track.failure = { position: track.position, inARow: 0, retryAtMs: 0, isTried: true };
    }
  }

  /** Lets those go on whose pause is over. */
  retryDue(nowMs: number): void {
    for (const track of this.tracks) {
      if (track.failure !== undefined && track.failure.retryAtMs <= nowMs) track.failure = { ...track.failure, isTried: true };
    }
  }

  /** Another process leads: what fails is its to say. */
  standBy(): void {
    for (const track of this.tracks) Object.assign(track, { state: 'standby', error: null, failure: undefined });
  }

  /** The place where it failed is passed. */
  recover(track: Track): void {
    track.state = 'running';
    track.error = null;
    track.failure = undefined;
  }

  /** No more news will come. */
  end(): void {
    this.setState('stopped');
    for (const waiter of [...this.waiters]) waiter.settle(false);
  }

  /** Undefined when the answer has to be waited for. */
  private answerNow(names: readonly string[], position: Place, timeoutMs: number): boolean | undefined {
    if (this.reached(names, position)) return true;
    const hopeless = names.some((name) => this.byName.get(name)?.failure?.isTried === false);
    return hopeless || timeoutMs <= 0 || this.waiters.size >= WAITERS_MAX ? false : undefined;
  }

  private reached(names: readonly string[], position: Place): boolean {
    return names.every((name) => this.compare(this.byName.get(name)?.position ?? 'start', position) >= 0);
  }
}
