import { Decider, fold, Rejected } from './decider';
import { DomainEvent } from './events';

/** What follows from `given` events and `when` a command: exactly one of these is asserted. */
export interface Outcome<State, Event> {
  /** The command adds exactly these events. */
  then(expected: readonly Event[]): void;
  /** The command is accepted and adds nothing. */
  thenNothing(): void;
  /** The decider refuses, for this reason. */
  thenRejected(reason: string): void;
  /** The state after the command, for rules about `evolve`. */
  thenState(expected: State): void;
}

export interface Given<State, Command, Event> {
  when(command: Command): Outcome<State, Event>;
}

/**
 * Tests of a decider as sentences about events, for jest:
 * `const given = specification(decider)`, then `given([…]).when(command).then([…])`.
 */
export function specification<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
): (events: readonly Event[]) => Given<State, Command, Event> {
  return (history) => ({
    when: (command) => {
      const state = fold(decider, history);
      const decide = (): readonly Event[] => decider.decide(command, state);
      return {
        then: (expected) => expect(decide()).toEqual(expected),
        thenNothing: () => expect(decide()).toEqual([]),
        thenRejected: (reason) => expect(rejection(decide)).toMatchObject({ name: 'Rejected', reason }),
        thenState: (expected) => expect(fold(decider, [...history, ...decide()])).toEqual(expected),
      };
    },
  });
}

/**
 * Invariant: every accepted command may be sent twice, the second time nothing happens. Plays the commands one after the other, each
 * of them twice, and fails on the first whose repetition adds events or is refused. For generated values: pass fast-check's in.
 * `repeat` gives the form in which a client repeats a command, where it is not the same object.
 */
export function sentTwiceChangesNothing<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  commands: Iterable<Command>,
  repeat: (command: Command) => Command = (command) => command,
): void {
  let state = decider.initialState;
  for (const command of commands) {
    const before = state;
    const events = acceptedEvents(() => decider.decide(command, before));
    if (events === undefined) continue;
    const after = events.reduce((folded, event) => decider.evolve(folded, event), before);
    expect({ command, repetition: decider.decide(repeat(command), after) }).toEqual({ command, repetition: [] });
    state = after;
  }
}

/** undefined when the decider refuses, which it may. */
function acceptedEvents<Event>(decide: () => readonly Event[]): readonly Event[] | undefined {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Rejected) return undefined;
    throw error;
  }
}

function rejection(decide: () => unknown): unknown {
  try {
    return { accepted: decide() };
  } catch (error) {
    return error;
  }
}
