import { DomainEvent } from './events';

/**
 * Every rule of one kind of stream, pure: no clock, no ids, no await. Facts come in with the command.
 * `decide` throws `Rejected` to refuse; `evolve` is total and never throws.
 */
export interface Decider<State, Command, Event extends DomainEvent> {
  readonly initialState: State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}

export function fold<State, Event extends DomainEvent>(
  decider: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
  events: Iterable<Event>,
): State {
  let state = decider.initialState;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}

/** The one way a decider refuses; `Reason` is a union of the decider's own literals, mapped to the wire by one filter per edge. */
export class Rejected<Reason extends string = string> extends Error {
  constructor(
    readonly reason: Reason,
    message: string,
  ) {
    super(message);
    this.name = 'Rejected';
  }
}
