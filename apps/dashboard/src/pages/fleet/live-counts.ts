import type { FeedEvent } from '../../api/feed';

const RATE_WINDOW_MS = 10_000;
const EVENTS_MAX = 50_000;

/** What the event stream says between two answers of the service: who is assigning at this moment, and how fast devices register. */
export class LiveCounts {
  private readonly open = new Set<string>();
  private started: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** The stream begins anew: nobody knows who has ended meanwhile. */
  clear(): void {
    this.open.clear();
  }

  take({ type, subject }: FeedEvent): void {
    switch (type) {
      case 'rehome.AssignmentStarted':
        this.open.add(subject);
        this.started.push(this.now());
        if (this.started.length > EVENTS_MAX) this.started.shift();
        return;
      case 'rehome.DeviceAssigned':
      case 'rehome.AssignmentFailed':
      case 'rehome.RegistrationDisabled':
      case 'rehome.RegistrationDeleted':
        this.open.delete(subject);
        return;
      default:
        return;
    }
  }

  /** Those whose assignment began while this page watched and has not ended. */
  get assigning(): number {
    return this.open.size;
  }

  /** Registrations a second over the last ten. */
  get rate(): number {
    const since = this.now() - RATE_WINDOW_MS;
    const first = this.started.findIndex((ms) => ms >= since);
    this.started = first < 0 ? [] : this.started.slice(first);
    return this.started.length / (RATE_WINDOW_MS / 1_000);
  }
}
