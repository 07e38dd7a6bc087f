import { EventCodec } from './codec';
import { Decider } from './decider';
import { AppendResult, EventStore, RevisionConflict } from './event-store';
import { DomainEvent, EventMetadata, Position } from './events';
import { StateReader, VersionedState } from './state-reader';

/** Decisions repeated on fresh state before a conflict is given back to the caller. */
export const CONFLICT_RETRIES_MAX = 8;

export interface CommandContext {
  readonly stream: string;
  readonly metadata: EventMetadata;
  /** UUIDs for the events, asked once per event and decision. */
  readonly newId: () => string;
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
 * Folds, asks, appends at the revision of the fold. What memory has of the stream is tried first: the append checks it, and a decision
 * to add nothing or to refuse is made again on what the store says. On a conflict it decides again on fresh state, at most
 * `CONFLICT_RETRIES_MAX` times.
 *
 * Errors: `Rejected` from the decider, `RevisionConflict` when retries are spent, the store's own errors.
 */
export async function handleCommand<State, Command, Event extends DomainEvent>(
  handling: CommandHandling<State, Command, Event>,
  context: CommandContext,
  command: Command,
): Promise<CommandOutcome<State, Event>> {
  const { decider, states } = handling;
  const recalled = states.recall(context.stream);
  const promising = recalled === undefined ? undefined : tryToDecide(handling, context, command, recalled);
  if (recalled !== undefined && promising !== undefined && promising.length > 0) {
    const outcome = await tryToAppend(handling, context, recalled, promising);
    if (!(outcome instanceof RevisionConflict)) return outcome;
  }
  for (let attempt = 0; ; attempt++) {
    const known = await states.read(context.stream);
    context.admit?.(known.revision);
    const events = decider.decide(command, known.state);
    if (events.length === 0) return { events, ...known, position: undefined };
    const outcome = await tryToAppend(handling, context, known, events);
    if (!(outcome instanceof RevisionConflict)) return outcome;
    if (attempt >= CONFLICT_RETRIES_MAX) throw outcome;
  }
}

/** undefined when the decision on what memory has is a refusal, which may be out of date. */
function tryToDecide<State, Command, Event extends DomainEvent>(
  { decider }: CommandHandling<State, Command, Event>,
  { admit }: CommandContext,
  command: Command,
  { state, revision }: VersionedState<State>,
): readonly Event[] | undefined {
  try {
    admit?.(revision);
    return decider.decide(command, state);
  } catch {
    return undefined;
  }
}

/** A conflict comes back as a value, because the caller goes on from it; any other error is thrown. */
async function tryToAppend<State, Command, Event extends DomainEvent>(
  { store, decider, codec, states }: CommandHandling<State, Command, Event>,
  { stream, metadata, newId }: CommandContext,
  { state, revision }: VersionedState<State>,
  events: readonly Event[],
): Promise<CommandOutcome<State, Event> | RevisionConflict> {
  const encoded = events.map((event) => codec.encode(event, newId(), metadata));
  let appended: AppendResult;
  try {
    appended = await store.append(stream, revision ?? 'none', encoded);
  } catch (error) {
    states.forget(stream);
    if (error instanceof RevisionConflict) return error;
    throw error;
  }
  const next = events.reduce((folded, event) => decider.evolve(folded, event), state);
  states.remember(stream, next, appended.revision, encoded.at(-1)?.id);
  return { events, state: next, revision: appended.revision, position: appended.position };
}
