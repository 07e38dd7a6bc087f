import { CommandContext, CommandOutcome, EventStore, StateReader, VersionedState, handleCommand } from '@app/event-sourcing';
import { RequestContext, commandContext } from '../shared/request-context';
import { RegistrationCommand, registrationDecider } from './registration.decider';
import { CarriedModule, CarriedTwin, RegistrationEvent, registrationCodec, registrationStream } from './registration.events';
import { correlationOf } from './operation-id';
import { RegistrationState, evolve, unassigned } from './registration.state';

/** Folded registrations kept in memory; one is a few hundred bytes. */
const STATES_MAX = 50_000;
/** An answer that is read right after its operation has ended in this process. */
const WRITTEN_HERE_MS = 1_000;
/** Events of one registration read per request when its history is searched. */
const HISTORY_PAGE_EVENTS = 200;

/** What a migration carries from hub to hub, as the log has it. */
export interface Carried {
  readonly twin: CarriedTwin;
  readonly modules: readonly CarriedModule[] | null;
}

/** Registrations by id: the one place where their streams are read and written. */
export class RegistrationStore {
  private readonly states: StateReader<RegistrationState, RegistrationEvent>;

  constructor(private readonly store: EventStore) {
    this.states = new StateReader(store, registrationDecider, registrationCodec, { statesMax: STATES_MAX });
  }

  read(registrationId: string): Promise<VersionedState<RegistrationState>> {
    return this.states.read(registrationStream(registrationId));
  }

  /** What this process wrote or checked a moment ago; otherwise as `read`. */
  readRecent(registrationId: string): Promise<VersionedState<RegistrationState>> {
    return this.states.readRecent(registrationStream(registrationId), WRITTEN_HERE_MS);
  }

  /** The operation under way as this process last saw it; a state that says there is none is checked first. */
  async readUnderWay(registrationId: string): Promise<RegistrationState> {
    const recalled = this.states.recall(registrationStream(registrationId));
    return recalled?.state.status === 'assigning' ? recalled.state : (await this.read(registrationId)).state;
  }

  handle(
    registrationId: string,
    command: RegistrationCommand,
    request: RequestContext,
    admit?: CommandContext['admit'],
  ): Promise<CommandOutcome<RegistrationState, RegistrationEvent>> {
    const context = commandContext(registrationStream(registrationId), request);
    return this.send(admit === undefined ? context : { ...context, admit }, command);
  }

  /** A step of the process manager: acts as the system, on behalf of the operation. */
  async processCommand(registrationId: string, operationId: string, command: RegistrationCommand): Promise<RegistrationState> {
    const request: RequestContext = { actor: { kind: 'system', name: 'assignment' }, correlationId: correlationOf(operationId) };
    return (await this.send(commandContext(registrationStream(registrationId), request, operationId), command)).state;
  }

  /** The registration as it stood when the operation had gone as far as it went; undefined for an operation it never had. */
  async readOperation(registrationId: string, operationId: string): Promise<VersionedState<RegistrationState> | undefined> {
    let found: VersionedState<RegistrationState> | undefined;
    let state = unassigned;
    for await (const { event, revision } of this.history(registrationId)) {
      state = evolve(state, event);
      if (state.status !== 'unassigned' && state.operationId === operationId) found = { state, revision };
      else if (found !== undefined) return found;
    }
    return found;
  }

  /** The latest twin that the operation wrote down on its way. */
  async carriedTwin(registrationId: string, operationId: string): Promise<Carried> {
    let carried: Carried | undefined;
    for await (const { event } of this.history(registrationId)) {
      if (event.type === 'TwinMigrated' && event.data.operationId === operationId) carried = event.data;
    }
    if (carried === undefined) throw new Error(`operation ${operationId} has carried no twin`);
    return carried;
  }

  /** The twin that the device had at its old hub when the operation moved it from there. */
  async twinBefore(registrationId: string, operationId: string): Promise<Carried> {
    let before: Carried | undefined;
    for await (const { event } of this.history(registrationId)) {
      if (event.type !== 'TwinMigrated' && event.type !== 'TwinReset') continue;
      if (event.data.operationId !== operationId) continue;
      const { replaced } = event.data;
      before = replaced ?? (event.type === 'TwinMigrated' ? event.data : before);
    }
    if (before === undefined) throw new Error(`operation ${operationId} has left no twin that could be brought back`);
    return before;
  }

  /** Every place the device was sent to, each once; where it was is named by an earlier operation. */
  async placesOf(registrationId: string): Promise<readonly { readonly hub: string; readonly deviceId: string }[]> {
    const places = new Map<string, { hub: string; deviceId: string }>();
    for await (const { event } of this.history(registrationId)) {
      if (event.type !== 'AssignmentStarted') continue;
      const { plan, deviceId } = event.data;
      places.set(JSON.stringify([plan.to, deviceId]), { hub: plan.to, deviceId });
    }
    return [...places.values()];
  }

  private async *history(registrationId: string): AsyncGenerator<{ event: RegistrationEvent; revision: bigint }> {
    const stream = registrationStream(registrationId);
    for (let fromRevision = 0n; ; fromRevision += BigInt(HISTORY_PAGE_EVENTS)) {
      const { events } = await this.store.readStream(stream, { fromRevision, maxCount: HISTORY_PAGE_EVENTS });
      for (const recorded of events) yield { event: registrationCodec.decode(recorded), revision: recorded.revision };
      if (events.length < HISTORY_PAGE_EVENTS) return;
    }
  }

  private send(
    context: CommandContext,
    command: RegistrationCommand,
  ): Promise<CommandOutcome<RegistrationState, RegistrationEvent>> {
    const { store, states } = this;
    return handleCommand({ store, states, decider: registrationDecider, codec: registrationCodec }, context, command);
  }
}
