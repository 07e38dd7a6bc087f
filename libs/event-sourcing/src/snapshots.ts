import { Log } from './log';
import { JsonValue } from './events';

/** A folded state at one revision, so that a reader need not fold from the start. Never the truth: it may be missing or wrong. */
export interface Snapshot {
  readonly stream: string;
  readonly revision: bigint;
  /** Id of the event at `revision`, by which a reader knows that the snapshot belongs to this stream. */
  readonly eventId: string;
  /** Of the state's form; a reader with another version ignores the snapshot. */
  readonly stateVersion: number;
  readonly state: JsonValue;
}

/** Where snapshots are kept. It may lose everything at any time; nothing but speed depends on it. */
export interface SnapshotStore {
  load(stream: string): Promise<Snapshot | undefined>;
  /** Keeps for each stream the snapshot of the highest revision. */
  save(snapshots: readonly Snapshot[]): Promise<void>;
  forget(stream: string): Promise<void>;
}

export interface SnapshotsOptions<State> {
  readonly store: SnapshotStore;
  /** To be raised with every change of the state's form and of what `evolve` makes of an event. */
  readonly stateVersion: number;
  /** Throws for what is no state; the snapshot is then ignored. */
  readonly parse: (state: JsonValue) => State;
  readonly log: Log;
  /** Events after which a stream gets a new snapshot. */
  readonly everyEvents?: number;
}

export interface LoadedSnapshot<State> {
  readonly state: State;
  readonly revision: bigint;
  readonly eventId: string;
}

export const SNAPSHOT_EVERY_EVENTS = 100;
/** Waiting to be written; one more is left out, which its next event makes good. */
const PENDING_MAX = 1_000;
const BATCH_MAX = 50;

/** Writes snapshots in the background, a stream's newest only, and reads them; a failure of the store costs speed and nothing else. */
export class Snapshots<State> {
  private readonly pending = new Map<string, Snapshot>();
  private writing: Promise<void> | undefined;
  private failing = false;

  constructor(private readonly options: SnapshotsOptions<State>) {}

  /** undefined when there is none, or none that fits. */
  async load(stream: string): Promise<LoadedSnapshot<State> | undefined> {
    const { store, stateVersion, parse } = this.options;
    try {
      const found = await store.load(stream);
      if (found?.stateVersion !== stateVersion) return undefined;
      return { state: parse(found.state), revision: found.revision, eventId: found.eventId };
    } catch (error) {
      this.failed(error, 'a snapshot could not be read');
      return undefined;
    }
  }

  /** Whether a stream at `revision`, with its last snapshot at `since`, is due for another. */
  isDue(revision: bigint, since: bigint): boolean {
    return revision - since >= BigInt(this.options.everyEvents ?? SNAPSHOT_EVERY_EVENTS);
  }

  /** Returns at once; the state must be one that JSON keeps as it is. False when too many are waiting. */
  offer(stream: string, { state, revision, eventId }: LoadedSnapshot<State>): boolean {
    if (this.pending.size >= PENDING_MAX && !this.pending.has(stream)) return false;
    const { stateVersion } = this.options;
    this.pending.set(stream, { stream, revision, eventId, stateVersion, state: state as JsonValue });
    this.writing ??= this.write();
    return true;
  }

  /** Removes what is kept of the stream, and what is about to be. Errors: those of the store. */
  async forget(stream: string): Promise<void> {
    this.pending.delete(stream);
    await this.writing;
    await this.options.store.forget(stream);
  }

  /** Resolves when nothing is waiting any more. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    // What the command in progress still has to do comes first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.pending.size > 0) {
      const batch = [...this.pending.values()].slice(0, BATCH_MAX);
      for (const { stream } of batch) this.pending.delete(stream);
      try {
        await this.options.store.save(batch);
        this.failing = false;
      } catch (error) {
        this.failed(error, 'snapshots could not be written');
      }
    }
    this.writing = undefined;
  }

  /** Said once, until it works again. */
  private failed(error: unknown, message: string): void {
    const { log } = this.options;
    if (!this.failing) log.warn({ err: error }, message);
    this.failing = true;
  }
}
