import { Inject, Injectable } from '@nestjs/common';
import { Position, Projection } from '@app/event-sourcing';
import { ProblemError } from './problem';

/** Longest wait of a reader for its own write. */
export const AT_LEAST_TIMEOUT_MS = 5_000;

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly state: 'running' | 'standby' | 'stopped' | 'failed';
  /** Position up to which the read model holds everything. */
  readonly position: string;
  readonly caughtUp: boolean;
  /** Since the newest event it has not taken yet was recorded; 0 when there is none. */
  readonly lagMs: number;
  /** Why it stopped. */
  readonly error: string | null;
}

/** What the management API needs to know of the projections, wherever they run. */
export interface ProjectionMonitor {
  status(): Promise<readonly ProjectionStatus[]>;
  /** True when all named projections have reached the position within the time, false when not. */
  waitFor(names: readonly string[], position: Position, timeoutMs: number): Promise<boolean>;
}

/** Injection token of the `ProjectionMonitor`. */
export const PROJECTION_MONITOR = Symbol('PROJECTION_MONITOR');

/** Lets a caller read its own write: `atLeast` is the `x-rehome-position` of the write. */
@Injectable()
export class ReadOwnWrites {
  constructor(@Inject(PROJECTION_MONITOR) private readonly monitor: ProjectionMonitor) {}

  /** Error: `ProblemError` 503 when a read model is not there within `AT_LEAST_TIMEOUT_MS`. */
  async wait(atLeast: string | undefined, ...projections: readonly Projection[]): Promise<void> {
    if (atLeast === undefined) return;
    const names = projections.map(({ name }) => name);
    if (await this.monitor.waitFor(names, atLeast, AT_LEAST_TIMEOUT_MS)) return;
    throw ProblemError.notCaughtUp(`The read model ${names.join(', ')} has not reached position ${atLeast} yet.`);
  }
}
