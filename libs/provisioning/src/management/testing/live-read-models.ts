import { EventStore, Position } from '@app/event-sourcing';
import { provisioningProjections } from '../../read-models/projections';
import { projectInto } from '../../read-models/testing/read-model-database';
import { ReadDatabase } from '../../shared/read-database';
import { ProjectionMonitor, ProjectionStatus } from '../projection-monitor';

const POLL_MS = 5;

/** For tests of the API alone: feeds the read models from the log, event by event, and can be held back. */
export class LiveReadModels implements ProjectionMonitor {
  /** While true nothing more is projected. */
  held = false;
  private position: Position | 'start' = 'start';
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly store: EventStore,
    private readonly database: ReadDatabase,
  ) {
    this.running = this.run();
  }

  status(): Promise<readonly ProjectionStatus[]> {
    const { position } = this;
    const state = { state: 'running', position, caughtUp: true, lagMs: 0, error: null } as const;
    return Promise.resolve(provisioningProjections.map(({ name, version }) => ({ name, version, ...state })));
  }

  async waitFor(_names: readonly string[], position: Position, timeoutMs: number): Promise<boolean> {
    for (const end = Date.now() + timeoutMs; Date.now() < end;) {
      if (this.store.comparePositions(this.position, position) >= 0) return true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return false;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.held = false;
    await this.running;
  }

  private async run(): Promise<void> {
    for await (const batch of this.store.subscribeToAll({ from: 'start', signal: this.stopping.signal })) {
      while (this.held) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await projectInto(this.database, batch.events);
      this.position = batch.position;
    }
  }
}
