import { BeforeApplicationShutdown, Inject, Injectable, OnModuleDestroy } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { ProblemError } from '../management/problem';
import { CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { PROJECTION_REBUILDER } from './projection-rebuilder';
import type { ProjectionRebuilder, RebuildResult, RebuildStep } from './projection-rebuilder';

/** Rebuilds that are remembered; older ones are forgotten, the one under way never. */
export const REBUILDS_REMEMBERED_MAX = 20;

export const rebuildStates = ['running', 'done', 'failed'] as const;

/** A rebuild as this process knows it; it is gone when the process ends, and the live tables are as they were. */
export interface ProjectionRebuild {
  readonly rebuildId: string;
  readonly projection: string;
  readonly state: (typeof rebuildStates)[number];
  /** Whether the rebuilt tables take the place of the live ones. */
  readonly switch: boolean;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly progress: RebuildStep;
  /** Rows that differ, of all tables; null before they are compared, and where nothing live was there. */
  readonly differences: number | null;
  readonly report: RebuildResult | null;
  readonly error: string | null;
}

const nothingYet: RebuildStep = { phase: 'reading', events: 0, eventsPerSecond: 0, fraction: null };

/** Rebuilds asked for over the API: one at a time, in the background. */
@Injectable()
export class ProjectionRebuilds implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly known = new Map<string, ProjectionRebuild>();
  /** Of the rebuild under way. */
  private ending = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    @Inject(PROJECTION_REBUILDER) private readonly rebuilder: ProjectionRebuilder,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Errors: `ProblemError` 404 for a read model that there is not, 409 while another rebuild is under way. */
  start(projection: string, switchOver: boolean, startedBy: string): ProjectionRebuild {
    if (!this.rebuilder.names.includes(projection)) {
      throw ProblemError.notFound(`There is no read model ${projection}; there are: ${this.rebuilder.names.join(', ')}.`);
    }
    if (this.running !== undefined) {
      throw new ProblemError(
        409,
        'rebuild-under-way',
        'Rebuild under way',
        'Another read model is being rebuilt; try again later.',
      );
    }
    const rebuild: ProjectionRebuild = {
      rebuildId: uuidv7(),
      projection,
      state: 'running',
      switch: switchOver,
      startedBy,
      startedAt: this.clock().toISOString(),
      endedAt: null,
      progress: nothingYet,
      differences: null,
      report: null,
      error: null,
    };
    this.remember(rebuild);
    this.ending = new AbortController();
    this.running = this.run(rebuild).finally(() => (this.running = undefined));
    return rebuild;
  }

  /** Error: `ProblemError` 404. */
  one(rebuildId: string): ProjectionRebuild {
    const rebuild = this.known.get(rebuildId);
    if (rebuild === undefined) throw ProblemError.notFound(`This process knows no rebuild ${rebuildId}.`);
    return rebuild;
  }

  /** Newest first. */
  list(): readonly ProjectionRebuild[] {
    return [...this.known.values()].reverse();
  }

  onModuleDestroy(): void {
    this.ending.abort(new Error('the service stops'));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async run({ rebuildId, projection, switch: switchOver }: ProjectionRebuild): Promise<void> {
    const onStep = (progress: RebuildStep): void => this.change(rebuildId, { progress });
    try {
      const { signal } = this.ending;
      const report = await this.rebuilder.rebuild({ projection, switchOver, onStep, signal });
      this.change(rebuildId, { state: 'done', report, differences: differencesIn(report), endedAt: this.clock().toISOString() });
    } catch (error) {
      const message = error instanceof Error ? error.message : 'it could not be finished';
      this.change(rebuildId, { state: 'failed', error: message, endedAt: this.clock().toISOString() });
    }
  }

  private change(rebuildId: string, changes: Partial<ProjectionRebuild>): void {
    const rebuild = this.known.get(rebuildId);
    if (rebuild !== undefined) this.known.set(rebuildId, { ...rebuild, ...changes });
  }

  private remember(rebuild: ProjectionRebuild): void {
    this.known.set(rebuild.rebuildId, rebuild);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= REBUILDS_REMEMBERED_MAX) return;
      this.known.delete(oldest);
    }
  }
}

function differencesIn({ compared }: RebuildResult): number | null {
  if (compared === null) return null;
  return compared.tables.reduce(
    (sum, { missingLive, missingRebuilt, changed }) => sum + missingLive + missingRebuilt + changed,
    0,
  );
}
