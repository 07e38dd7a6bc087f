import { Position } from '@app/event-sourcing';

/** Injection token of `ProjectionProgress`. */
export const PROJECTION_PROGRESS = Symbol('PROJECTION_PROGRESS');

/** How far the read models are, for a caller who wants to read its own write. */
export interface ProjectionProgress {
  /** True as soon as all named projections hold everything up to `position`; false when that took longer than `timeoutMs`. */
  waitFor(projections: readonly string[], position: Position, timeoutMs: number): Promise<boolean>;
}
