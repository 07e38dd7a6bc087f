import { EventCodec } from './codec';
import { Decider } from './decider';
import { EventStore } from './event-store';
import { DomainEvent } from './events';

export interface VersionedState<State> {
  readonly state: State;
  /** undefined while the stream does not exist. */
  readonly revision: bigint | undefined;
}

/** Events read per request while a state is folded. */
const READ_PAGE_EVENTS = 500;

/**
 * Folded states by stream, bounded, least recently used first out. A cached state is never trusted blindly: `read` asks the store
 * for what came after its revision, which costs one indexed look-up instead of a whole stream.
 */
export class StateReader<State, Event extends DomainEvent> {
  private readonly cached = new Map<string, { readonly state: State; readonly revision: bigint; readonly checkedAtMs: number }>();

  constructor(
    private readonly store: EventStore,
    private readonly decider: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
    private readonly codec: EventCodec<Event>,
    private readonly options: {
      readonly statesMax: number;
      /** Only this process writes these streams: a cached state is current and is not checked. */
      readonly soleWriter?: boolean;
    } = { statesMax: 10_000 },
  ) {}

  async read(stream: string): Promise<VersionedState<State>> {
    const cached = this.cached.get(stream);
    if (cached !== undefined && this.options.soleWriter === true) return cached;
    let state = cached?.state ?? this.decider.initialState;
    let revision = cached?.revision;
    for (;;) {
      const fromRevision = revision === undefined ? 0n : revision + 1n;
      const slice = await this.store.readStream(stream, { fromRevision, maxCount: READ_PAGE_EVENTS });
      for (const recorded of slice.events) {
        state = this.decider.evolve(state, this.codec.decode(recorded));
        revision = recorded.revision;
      }
      if (slice.events.length < READ_PAGE_EVENTS) break;
    }
    if (revision !== undefined) this.remember(stream, state, revision);
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

  remember(stream: string, state: State, revision: bigint): void {
    const cached = this.cached.get(stream);
    if (cached !== undefined && cached.revision > revision) return;
    this.cached.delete(stream);
    this.cached.set(stream, { state, revision, checkedAtMs: performance.now() });
    if (this.cached.size > this.options.statesMax) {
      const oldest = this.cached.keys().next();
      if (oldest.done !== true) this.cached.delete(oldest.value);
    }
  }

  forget(stream: string): void {
    this.cached.delete(stream);
  }
}
