import { Inject, Injectable } from '@nestjs/common';
import { Position, Projection } from '@app/event-sourcing';
import { ProblemError } from './problem';

/** Longest wait of a reader for its own write. */
export const AT_LEAST_TIMEOUT_MS = 5_000;

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly state: 'running' | 'standby' | 'stopped' | 'failed';
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

/** What the management API needs to know of the projections, wherever they run. */
export interface ProjectionMonitor {
  status(): Promise<readonly ProjectionStatus[]>;
  /** True when all named projections have reached the position within the time, false when not. Error: `RangeError` for what is no position. */
  waitFor(names: readonly string[], position: Position, timeoutMs: number): Promise<boolean>;
}

/** Injection token of the `ProjectionMonitor`. */
export const PROJECTION_MONITOR = Symbol('PROJECTION_MONITOR');

/** Lets a caller read its own write: `atLeast` is the `x-rehome-position` of the write. */
@Injectable()
export class ReadOwnWrites {
  constructor(@Inject(PROJECTION_MONITOR) private readonly monitor: ProjectionMonitor) {}

  /** Errors: `ProblemError` 400 for what is no position of this store, 503 when a read model is not there within `AT_LEAST_TIMEOUT_MS`. */
  async wait(atLeast: string | undefined, ...projections: readonly Projection[]): Promise<void> {
    if (atLeast === undefined) return;
    const names = projections.map(({ name }) => name);
    if (await this.reached(names, atLeast)) return;
    throw ProblemError.notCaughtUp(`The read model ${names.join(', ')} has not reached position ${atLeast} yet.`);
  }

  private async reached(names: readonly string[], atLeast: Position): Promise<boolean> {
    try {
      return await this.monitor.waitFor(names, atLeast, AT_LEAST_TIMEOUT_MS);
    } catch (error) {
      if (error instanceof RangeError) throw ProblemError.invalidRequest('atLeast is no position of this log.');
      throw error;
    }
  }
}
