import { EventCodec } from './codec';
import { Decider } from './decider';
import { AppendResult, EventStore, RevisionConflict } from './event-store';
import { DomainEvent, EventMetadata, Position } from './events';
import { StateReader } from './state-reader';

/** Decisions repeated on fresh state before a conflict is given back to the caller. */
export const CONFLICT_RETRIES_MAX = 8;

export interface CommandContext {
  readonly stream: string;
  readonly metadata: EventMetadata;
  /** UUIDs for the events, asked once per event and decision. */
  newId(): string;
  /** A caller's own condition on the revision, asked before each decision; it throws to refuse. It narrows, it never replaces. */
  readonly admit?: (revision: bigint | undefined) => void;
}

export interface CommandOutcome<State, Event> {
  /** What this command added; empty when it had been done before. */
  readonly events: readonly Event[];
  readonly state: State;
  /** Revision the state was folded to; undefined while the stream does not exist. */
  readonly revision: bigint | undefined;
  /** Position of the last event this command appended; undefined when it appended none. */
  readonly position: Position | undefined;
}

/** What is the same for every command on one kind of stream. */
export interface CommandHandling<State, Command, Event extends DomainEvent> {
  readonly store: EventStore;
  readonly decider: Decider<State, Command, Event>;
  readonly codec: EventCodec<Event>;
  readonly states: StateReader<State, Event>;
}

/**
 * Reads, folds, asks, appends at the revision it read. On a conflict it decides again on fresh state, at most
 * `CONFLICT_RETRIES_MAX` times. `command` may be a function of the state when facts depend on it.
 *
 * Errors: `Rejected` from the decider, `RevisionConflict` when retries are spent, the store's own errors.
 */
export async function handleCommand<State, Command, Event extends DomainEvent>(
  handling: CommandHandling<State, Command, Event>,
  context: CommandContext,
  command: Command,
): Promise<CommandOutcome<State, Event>> {
  const { store, decider, codec, states } = handling;
  for (let attempt = 0; ; attempt++) {
    const { state, revision } = await states.read(context.stream);
    context.admit?.(revision);
    const events = decider.decide(command, state);
    if (events.length === 0) return { events, state, revision, position: undefined };
    const encoded = events.map((event) => codec.encode(event, context.newId(), context.metadata));
    let appended: AppendResult;
    try {
      appended = await store.append(context.stream, revision ?? 'none', encoded);
    } catch (error) {
      states.forget(context.stream);
      if (error instanceof RevisionConflict && attempt < CONFLICT_RETRIES_MAX) continue;
      throw error;
    }
    const next = events.reduce((folded, event) => decider.evolve(folded, event), state);
    states.remember(context.stream, next, appended.revision);
    return { events, state: next, revision: appended.revision, position: appended.position };
  }
}
