import { EventCodec } from './codec';
import { Decider } from './decider';
import { EventStore } from './event-store';
import { DomainEvent, RecordedEvent } from './events';
import { Snapshots } from './snapshots';

export interface VersionedState<State> {
  readonly state: State;
  /** undefined while the stream does not exist. */
  readonly revision: bigint | undefined;
}

/** Events read per request while a state is folded. */
const READ_PAGE_EVENTS = 500;
/** As the revision of a snapshot where there is none. */
const NO_SNAPSHOT = -1n;

interface CachedState<State> {
  readonly state: State;
  readonly revision: bigint;
  readonly checkedAtMs: number;
  /** Revision of the newest snapshot that is known of. */
  readonly snapshotAt: bigint;
}

/** Where a fold begins, and where the snapshot it begins from stands. */
interface Start<State> extends VersionedState<State> {
  readonly snapshotAt: bigint;
}

/**
 * Folded states by stream, bounded, least recently used first out. A cached state is never trusted blindly: `read` asks the store
 * for what came after its revision, which costs one indexed look-up instead of a whole stream.
 */
export class StateReader<State, Event extends DomainEvent> {
  private readonly cached = new Map<string, CachedState<State>>();

  constructor(
    private readonly store: EventStore,
    private readonly decider: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
    private readonly codec: EventCodec<Event>,
    private readonly options: {
      readonly statesMax: number;
      /** Only this process writes these streams: a cached state is current and is not checked. */
      readonly soleWriter?: boolean;
      /** States that are not in memory are folded from these on. */
      readonly snapshots?: Snapshots<State> | undefined;
    } = { statesMax: 10_000 },
  ) {}

  async read(stream: string): Promise<VersionedState<State>> {
    const cached = this.cached.get(stream);
    if (cached !== undefined && this.options.soleWriter === true) return cached;
    const start = cached ?? (await this.fromSnapshot(stream));
    let { state, revision } = start;
    let last: RecordedEvent | undefined;
    for (;;) {
      const fromRevision = revision === undefined ? 0n : revision + 1n;
      const slice = await this.store.readStream(stream, { fromRevision, maxCount: READ_PAGE_EVENTS });
      for (const recorded of slice.events) {
        state = this.decider.evolve(state, this.codec.decode(recorded));
        revision = recorded.revision;
        last = recorded;
      }
      if (slice.events.length < READ_PAGE_EVENTS) break;
    }
    if (revision !== undefined) this.keep(stream, { state, revision, snapshotAt: start.snapshotAt }, last?.id);
    return { state, revision };
  }

  /**
   * What memory has, unchecked; undefined when it has nothing. Only for a decision that an append at this revision will check, or
   * that is made again on a checked state before it is believed.
   */
  recall(stream: string): VersionedState<State> | undefined {
    return this.cached.get(stream);
  }

  /** As `read`, but content with a state that was checked, or written by this process, at most `ageMsMax` ago. */
  async readRecent(stream: string, ageMsMax: number): Promise<VersionedState<State>> {
    const cached = this.cached.get(stream);
    if (cached !== undefined && performance.now() - cached.checkedAtMs <= ageMsMax) return cached;
    return this.read(stream);
  }

  /** The state as it was at `revision`, folded from the events. */
  async readAt(stream: string, revision: bigint): Promise<State> {
    const cached = this.cached.get(stream);
    if (cached?.revision === revision) return cached.state;
    let state = this.decider.initialState;
    for (let from = 0n; from <= revision; from += BigInt(READ_PAGE_EVENTS)) {
      const left = revision - from + 1n;
      const maxCount = left < BigInt(READ_PAGE_EVENTS) ? Number(left) : READ_PAGE_EVENTS;
      const slice = await this.store.readStream(stream, { fromRevision: from, maxCount });
      for (const recorded of slice.events) state = this.decider.evolve(state, this.codec.decode(recorded));
    }
    return state;
  }

  /** `eventId` is that of the event at `revision`; without it the state is not written down as a snapshot. */
  remember(stream: string, state: State, revision: bigint, eventId?: string): void {
    this.keep(stream, { state, revision, snapshotAt: this.cached.get(stream)?.snapshotAt ?? NO_SNAPSHOT }, eventId);
  }

  forget(stream: string): void {
    this.cached.delete(stream);
  }

  /** The newest snapshot, if the log has the very event that it was made at; the start of the stream otherwise. */
  private async fromSnapshot(stream: string): Promise<Start<State>> {
    const none = { state: this.decider.initialState, revision: undefined, snapshotAt: NO_SNAPSHOT };
    const found = await this.options.snapshots?.load(stream);
    if (found === undefined) return none;
    const { events } = await this.store.readStream(stream, { fromRevision: found.revision, maxCount: 1 });
    if (events[0]?.id !== found.eventId) return none;
    return { state: found.state, revision: found.revision, snapshotAt: found.revision };
  }

  private keep(stream: string, known: Omit<CachedState<State>, 'checkedAtMs'>, eventId: string | undefined): void {
    const { state, revision } = known;
    const cached = this.cached.get(stream);
    if (cached !== undefined && cached.revision > revision) return;
    let { snapshotAt } = known;
    const { snapshots } = this.options;
    if (eventId !== undefined && snapshots?.isDue(revision, snapshotAt) === true) {
      if (snapshots.offer(stream, { state, revision, eventId })) snapshotAt = revision;
    }
    this.cached.delete(stream);
    this.cached.set(stream, { state, revision, checkedAtMs: performance.now(), snapshotAt });
    if (this.cached.size > this.options.statesMax) {
      const oldest = this.cached.keys().next();
      if (oldest.done !== true) this.cached.delete(oldest.value);
    }
  }
}
