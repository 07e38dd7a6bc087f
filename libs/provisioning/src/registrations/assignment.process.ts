import { DeviceCredentials, HubConflict, HubConnection, HubGateway, HubRefused, HubUnreachable } from '@app/hub-gateway';
import { AssignmentRun, OperationMovedOn, create, keep } from './assignment.steps';
import { compensate, migrate, resetElsewhere, resetInPlace } from './move.steps';
import { RegistrationStore } from './registration.store';
import { Assigning, RegistrationState } from './registration.state';

/** Runs at one time; each holds a few sockets' worth of work, so more would only queue at the hubs. */
const RUNS_MAX = 128;
/** Runs waiting for a place; what does not fit is found in the log by recovery. */
const WAITING_MAX = 20_000;

const HUB_UNAUTHORIZED = 400209;
const HUB_REFUSED = 500001;
const HUB_UNAVAILABLE = 503001;

/** Injection tokens. */
export const ASSIGNMENT_LOG = Symbol('ASSIGNMENT_LOG');
export const FAILPOINT = Symbol('FAILPOINT');

/** What a run needs besides the registration itself, read when it starts. */
export interface AssignmentFacts {
  /** Keys or thumbprints of the enrollment as it was when the operation was decided. */
  credentialsOf(state: Assigning): Promise<DeviceCredentials>;
  /** undefined when this instance never had the hub linked. */
  connectionTo(hostName: string): Promise<HubConnection | undefined>;
}

export interface AssignmentLog {
  warn(details: Record<string, unknown>, message: string): void;
}

export interface AssignmentProcessOptions {
  readonly registrations: RegistrationStore;
  readonly gateway: HubGateway;
  readonly facts: AssignmentFacts;
  readonly log: AssignmentLog;
  readonly now: () => Date;
  readonly failpoint: (name: string) => void;
}

/**
 * The process manager of assignments: a function from the stream's state to the next step at the hubs. It may be stopped at any
 * instant and run again, here or elsewhere: every step is idempotent and its outcome is an event.
 */
export class AssignmentProcess {
  private readonly runs = new Map<string, Promise<RegistrationState>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private stopped = false;

  constructor(private readonly options: AssignmentProcessOptions) {}

  /** Takes the registration's operation as far as it goes; a second call while one is under way joins it. Never rejects for hub trouble. */
  run(registrationId: string): Promise<RegistrationState> {
    const key = registrationId.toLowerCase();
    const underWay = this.runs.get(key);
    if (underWay !== undefined) return underWay;
    const run = this.runInTurn(key).finally(() => this.runs.delete(key));
    this.runs.set(key, run);
    return run;
  }

  /** Refuses new runs and waits for those under way, at most `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopped = true;
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([Promise.allSettled(this.runs.values()), bound]);
    clearTimeout(timer);
  }

  private async runInTurn(registrationId: string): Promise<RegistrationState> {
    const { registrations } = this.options;
    if (this.stopped || this.waiting.length >= WAITING_MAX) return (await registrations.read(registrationId)).state;
    if (this.running >= RUNS_MAX) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running++;
    try {
      return await this.advance(registrationId);
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }

  private async advance(registrationId: string): Promise<RegistrationState> {
    const { registrations, log } = this.options;
    const state = await registrations.readUnderWay(registrationId);
    if (state.status !== 'assigning') return state;
    let run: AssignmentRun | undefined;
    try {
      run = await this.prepare(state);
      return await step(run, state);
    } catch (error) {
      if (error instanceof OperationMovedOn) return (await registrations.read(registrationId)).state;
      const { operationId } = state;
      log.warn({ registrationId, operationId, plan: state.plan, err: error }, 'assignment did not get through');
      return this.giveUp(registrationId, run, error);
    }
  }

  /**
   * The hubs' refusal becomes a failed assignment as long as everything can be put back as it was; past that point the operation
   * stays `assigning` and is taken up again, because the twin is safe in the log and at the new hub.
   */
  private async giveUp(registrationId: string, run: AssignmentRun | undefined, error: unknown): Promise<RegistrationState> {
    const { registrations, log } = this.options;
    const { state } = await registrations.read(registrationId);
    if (state.status !== 'assigning' || run === undefined || error instanceof HubConflict) return state;
    const failure = failureOf(error);
    if (failure === undefined || state.twinPlaced !== null) return state;
    try {
      await compensate(run, state);
      return await run.send({ type: 'FailAssignment', operationId: state.operationId, ...failure, at: run.now() });
    } catch (err) {
      log.warn(
        { registrationId, operationId: state.operationId, err },
        'assignment could not be undone yet; it is taken up again',
      );
      return state;
    }
  }

  private async prepare(state: Assigning): Promise<AssignmentRun> {
    const { registrations, gateway, facts, now, failpoint } = this.options;
    const { plan, operationId, registrationId } = state;
    const oldName = plan.action === 'migrate' || plan.action === 'reset' ? plan.from : null;
    const [credentials, to, from] = await Promise.all([
      facts.credentialsOf(state),
      facts.connectionTo(plan.to),
      oldName === null ? undefined : facts.connectionTo(oldName),
    ]);
    if (to === undefined) throw new HubRefused(plan.to, 404, undefined, `${plan.to} is not linked`);
    return {
      gateway,
      credentials,
      to,
      from,
      failpoint,
      now: () => now().toISOString(),
      send: (command) => registrations.processCommand(registrationId, operationId, command),
      reread: async () => (await registrations.read(registrationId)).state,
      carriedTwin: () => registrations.carriedTwin(registrationId, operationId),
      twinBefore: (undone) => registrations.twinBefore(registrationId, undone),
    };
  }
}

function step(run: AssignmentRun, state: Assigning): Promise<RegistrationState> {
  switch (state.plan.action) {
    case 'create':
      return create(run, state);
    case 'keep':
      return keep(run, state);
    case 'migrate':
      return migrate(run, state);
    case 'reset':
      return state.plan.from === state.plan.to && state.previousDeviceId === state.deviceId
        ? resetInPlace(run, state)
        : resetElsewhere(run, state);
  }
}

function failureOf(error: unknown): { errorCode: number; errorMessage: string } | undefined {
  if (error instanceof HubUnreachable)
    return { errorCode: HUB_UNAVAILABLE, errorMessage: `hub ${error.hostName} could not be reached` };
  if (!(error instanceof HubRefused)) return undefined;
  const errorCode = error.status === 401 || error.status === 403 || error.status === 404 ? HUB_UNAUTHORIZED : HUB_REFUSED;
  return { errorCode, errorMessage: `hub ${error.hostName} refused: ${error.message}` };
}
