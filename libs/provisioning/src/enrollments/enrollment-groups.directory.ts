import { EventStore, Position, RecordedEvent } from '@app/event-sourcing';
import { SealedSecret } from '../shared/shapes';
import { EnrollmentEntry, enrollmentCodec, EnrollmentEvent } from './enrollment.events';

/** Published limit of an instance. */
export const SYMMETRIC_KEY_GROUPS_MAX = 100;
/** Pause before the log is subscribed to again after an unexpected end. */
const RESUBSCRIBE_PAUSE_MS = 500;
const GROUP_STREAM_PREFIX = 'enrollmentGroup-';

/** A group that may know a device: its id and its sealed keys, which say which group's key derives the presented one. */
export interface GroupKeys {
  readonly enrollmentGroupId: string;
  readonly primaryKey: SealedSecret;
  readonly secondaryKey: SealedSecret;
}

type Log = (message: string, error: unknown) => void;

interface Waiter {
  readonly position: Position;
  readonly settle: (caughtUp: boolean) => void;
}

/**
 * The groups that attest by symmetric keys, kept in memory from the log. It only says where to look; the truth about a group is
 * its stream. A reader that finds nothing here waits for `caughtUpTo(await store.headPosition())` and looks again before it says no.
 */
export class EnrollmentGroupsDirectory {
  private readonly groups = new Map<string, GroupKeys>();
  private readonly waiters = new Set<Waiter>();
  /** `start` before the first event. */
  private position: Position = 'start';
  private running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly log: Log,
  ) {}

  start(): void {
    if (this.running !== undefined) return;
    const stop = new AbortController();
    this.running = { stop, ended: this.follow(stop.signal) };
  }

  async stop(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    running.stop.abort();
    await running.ended;
    this.running = undefined;
    for (const waiter of [...this.waiters]) waiter.settle(false);
  }

  /** At most `SYMMETRIC_KEY_GROUPS_MAX` and the few that several processes created at one instant. */
  list(): readonly GroupKeys[] {
    return [...this.groups.values()];
  }

  has(enrollmentGroupId: string): boolean {
    return this.groups.has(enrollmentGroupId.toLowerCase());
  }

  /** True as soon as everything up to `position` is in here; false when that took longer than `timeoutMs`. */
  caughtUpTo(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.reached(position)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      const waiter: Waiter = {
        position,
        settle: (caughtUp) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(caughtUp);
        },
      };
      this.waiters.add(waiter);
    });
  }

  private reached(position: Position): boolean {
    return this.store.comparePositions(this.position, position) >= 0;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const batch of this.store.subscribeToAll({ from: this.position, signal })) {
          for (const recorded of batch.events) this.apply(recorded);
          this.position = batch.position;
          for (const waiter of [...this.waiters]) if (this.reached(waiter.position)) waiter.settle(true);
        }
      } catch (error) {
        this.log('the directory of enrollment groups lost the log and takes it up again', error);
      }
      await pause(RESUBSCRIBE_PAUSE_MS, signal);
    }
  }

  private apply(recorded: RecordedEvent): void {
    if (!recorded.stream.startsWith(GROUP_STREAM_PREFIX) || !enrollmentCodec.knows(recorded.type)) return;
    const key = recorded.stream.slice(GROUP_STREAM_PREFIX.length);
    const event: EnrollmentEvent = enrollmentCodec.decode(recorded);
    switch (event.type) {
      case 'EnrollmentCreated':
      case 'EnrollmentUpdated':
        this.put(key, event.data.entry);
        break;
      case 'EnrollmentDeleted':
        this.groups.delete(key);
        break;
      case 'EnrollmentPolicyUpdated':
      case 'EnrollmentDisabled':
      case 'EnrollmentEnabled':
        break;
    }
  }

  private put(key: string, { id, attestation }: EnrollmentEntry): void {
    if (attestation.type !== 'symmetricKey') {
      this.groups.delete(key);
      return;
    }
    const { primaryKey, secondaryKey } = attestation;
    this.groups.set(key, { enrollmentGroupId: id, primaryKey, secondaryKey });
  }
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(done, durationMs);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
