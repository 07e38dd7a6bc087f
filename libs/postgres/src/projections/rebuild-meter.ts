import { parseDecimalPosition } from '@app/event-sourcing';
import { Place } from './checkpoints';

export type RebuildPhase = 'reading' | 'indexing' | 'comparing' | 'switching';

export interface RebuildProgress {
  readonly phase: RebuildPhase;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Of the log as it was at the beginning, 0 to 1; null where positions of the store are not numbers. */
  readonly fraction: number | null;
  /** Until the reading is done; null when unknown. */
  readonly remainingMs: number | null;
}

/** Takes the time of a rebuild and tells how far it is. */
export class RebuildMeter {
  private readonly startedMs = performance.now();
  private readonly headNumber: number | null;
  private last: RebuildProgress = { phase: 'reading', events: 0, eventsPerSecond: 0, fraction: null, remainingMs: null };

  constructor(
    head: Place,
    private readonly onProgress: ((progress: RebuildProgress) => void) | undefined,
  ) {
    this.headNumber = numberOf(head);
  }

  get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  read({ events, position }: { readonly events: number; readonly position: Place }): void {
    const elapsedMs = Math.max(this.elapsedMs, 1);
    const at = numberOf(position);
    const fraction = at === null || !this.headNumber ? null : Math.min(at / this.headNumber, 1);
    const remainingMs = fraction === null || fraction === 0 ? null : (elapsedMs / fraction) * (1 - fraction);
    this.tell({ phase: this.last.phase, events, eventsPerSecond: (events * 1_000) / elapsedMs, fraction, remainingMs });
  }

  /** Runs a part of the work and gives the time it took in ms. */
  async phase(phase: RebuildPhase, work: () => Promise<void>): Promise<number> {
    const startedMs = performance.now();
    this.tell({ ...this.last, phase });
    await work();
    return performance.now() - startedMs;
  }

  private tell(progress: RebuildProgress): void {
    this.last = progress;
    this.onProgress?.(progress);
  }
}

function numberOf(position: Place): number | null {
  try {
    return Number(parseDecimalPosition(position));
  } catch {
    return null;
  }
}
