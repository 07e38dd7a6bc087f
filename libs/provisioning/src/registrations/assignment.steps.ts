import { DeviceCredentials, DeviceToPut, HubConflict, HubConnection, HubDevice, HubGateway, HubTwin } from '@app/hub-gateway';
import { InitialTwin } from '../shared/shapes';
import { Outcome, RegistrationCommand } from './registration.decider';
import { CarriedModule, CarriedTwin } from './registration.events';
import { Assigning, RegistrationState } from './registration.state';

/**
 * How often a step is taken again because the device changed under it, before the run gives up and recovery takes over. Where a back
 * end writes so often that half of all attempts meet a change, one run in a trillion gives up; with 5 it was one in 30.
 */
export const STEP_ATTEMPTS_MAX = 40;

/** What one run of the process works with. `send` goes through the decider and returns the state after it. */
export interface AssignmentRun {
  readonly gateway: HubGateway;
  readonly to: HubConnection;
  /** undefined when there is no old hub, or none that can be reached by a linked name. */
  readonly from: HubConnection | undefined;
  readonly credentials: DeviceCredentials;
  now(): string;
  send(command: RegistrationCommand): Promise<RegistrationState>;
  /** The state as the log has it now. */
  reread(): Promise<RegistrationState>;
  /** The twin, and the modules, of this operation's latest `TwinMigrated`, from the log. */
  carriedTwin(): Promise<{ readonly twin: CarriedTwin; readonly modules: readonly CarriedModule[] | null }>;
  /** The twin, and the modules, that the device had before the operation took it away from its hub, from the log. */
  twinBefore(operationId: string): Promise<{ readonly twin: CarriedTwin; readonly modules: readonly CarriedModule[] | null }>;
  /** Where tests kill the process. */
  failpoint(name: string): void;
}

/** Another instance, or an earlier run, has taken the operation further than this run knows. */
export class OperationMovedOn extends Error {
  constructor(operationId: string) {
    super(`operation ${operationId} has moved on`);
    this.name = 'OperationMovedOn';
  }
}

export function twinToStartFrom(initial: InitialTwin): HubTwin {
  return {
    tags: initial.tags,
    desired: { values: initial.desired, version: 1, metadata: null },
    reported: { values: {}, version: 1, metadata: null },
  };
}

/** First assignment: creates the device; one that is there already, unknown to us, starts from the initial twin and keeps its reports. */
export async function create(run: AssignmentRun, state: Assigning): Promise<RegistrationState> {
  const device = freshDevice(run, state);
  try {
    const created = await run.gateway.putDevice(run.to, device, 'absent');
    run.failpoint('create:placed');
    return await complete(run, state, 'created', created);
  } catch (error) {
    if (!(error instanceof HubConflict)) throw error;
  }
  for (let attempt = 1; ; attempt++) {
    const found = await run.gateway.readDevice(run.to, state.deviceId);
    if (found === undefined) return create(run, state);
    // An earlier run of this operation created it and crashed before it could say so.
    if (standsAsCreated(found, device)) return complete(run, state, 'created', found);
    await assertUnchanged(run, state);
    const { desired, reported } = found.twin;
    const twin = { ...device.twin, desired: { ...device.twin.desired, version: desired.version + 1 }, reported };
    try {
      const put = await run.gateway.putDevice(run.to, { ...device, twin, modules: found.modules ?? [] }, { tag: found.tag });
      return await complete(run, state, 'existed', put);
    } catch (error) {
      if (!(error instanceof HubConflict) || attempt >= STEP_ATTEMPTS_MAX) throw error;
    }
  }
}

/** The device stays: its twin is not touched, its credentials follow the enrollment, and a hub that lost it gets it again. */
export async function keep(run: AssignmentRun, state: Assigning): Promise<RegistrationState> {
  for (let attempt = 1; ; attempt++) {
    try {
      const found = await run.gateway.readDevice(run.to, state.deviceId);
      if (found === undefined) {
        const put = await run.gateway.putDevice(run.to, freshDevice(run, state), 'absent');
        return await complete(run, state, 'recreated', put);
      }
      if (!sameCredentials(found.credentials, run.credentials)) {
        await run.gateway.updateIdentity(run.to, state.deviceId, { credentials: run.credentials }, { tag: found.tag });
      }
      return await complete(run, state, 'unchanged', found);
    } catch (error) {
      if (!(error instanceof HubConflict) || attempt >= STEP_ATTEMPTS_MAX) throw error;
    }
  }
}

export function complete(run: AssignmentRun, state: Assigning, outcome: Outcome, device: HubDevice): Promise<RegistrationState> {
  const { operationId } = state;
  return run.send({ type: 'CompleteAssignment', operationId, outcome, generationId: device.generationId, at: run.now() });
}

export function freshDevice(run: AssignmentRun, state: Assigning): DeviceToPut {
  return {
    deviceId: state.deviceId,
    status: 'enabled',
    statusReason: null,
    credentials: run.credentials,
    iotEdge: state.iotEdge,
    twin: twinToStartFrom(state.initialTwin),
  };
}

/**
 * Asked between reading a device and writing over it: while the log has not moved, no other run can have handed the device over
 * yet, and the tag in the write covers the rest.
 */
export async function assertUnchanged(run: AssignmentRun, state: Assigning): Promise<void> {
  const now = await run.reread();
  const same = now.status === 'assigning' && now.operationId === state.operationId;
  if (!same || now.twinPlaced?.sourceTag !== state.twinPlaced?.sourceTag) throw new OperationMovedOn(state.operationId);
}

export function sameCredentials(a: DeviceCredentials | null, b: DeviceCredentials): boolean {
  if (a?.type === 'sas') return b.type === 'sas' && a.primaryKey === b.primaryKey && a.secondaryKey === b.secondaryKey;
  if (a?.type !== 'selfSigned' || b.type !== 'selfSigned') return false;
  return a.primaryThumbprint === b.primaryThumbprint && a.secondaryThumbprint === b.secondaryThumbprint;
}

function standsAsCreated(found: HubDevice, device: DeviceToPut): boolean {
  const { tags, desired, reported } = found.twin;
  return (
    found.status === 'enabled' &&
    sameCredentials(found.credentials, device.credentials) &&
    desired.version === 1 &&
    reported.version === 1 &&
    sameJson(tags, device.twin.tags) &&
    sameJson(desired.values, device.twin.desired.values)
  );
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
