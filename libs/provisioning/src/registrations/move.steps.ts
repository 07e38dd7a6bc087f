import { HubConflict, HubConnection, HubDevice, HubTwin } from '@app/hub-gateway';
import {
  AssignmentRun,
  OperationMovedOn,
  STEP_ATTEMPTS_MAX,
  assertUnchanged,
  complete,
  create,
  freshDevice,
  twinToStartFrom,
} from './assignment.steps';
import { CarriedModule, ReplacedTwin } from './registration.events';
import { Assigning, RegistrationState } from './registration.state';

/** Left in the hub's `statusReason` while a device is between two hubs; says which operation holds the fence. */
export const fenceMarker = (operationId: string): string => `rehome:moving:${operationId}`;

/**
 * Fence, read, place disabled, log, delete, enable: at every instant the device is enabled in at most one hub, and the old copy
 * goes only when the new one is durable and the old did not change since it was read.
 */
export async function migrate(run: AssignmentRun, started: Assigning): Promise<RegistrationState> {
  const from = oldHub(run, started);
  let state = started;
  let placed: HubDevice | undefined;
  if (state.twinPlaced === null) {
    const source = await fenceOld(run, from, state);
    // The old hub has lost the device: there is nothing to carry, it starts again from its enrollment.
    if (source === undefined) return create(run, assigningIn(await run.reread(), started));
    state = source.state;
    const arriving = await contentArriving(run, state, source.device);
    placed = await placeDisabled(run, state, arriving);
    run.failpoint('move:placed');
    state = await recordMigrated(run, state, source.device, arriving);
    run.failpoint('move:logged');
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await run.gateway.deleteDevice(from, state.previousDeviceId, { tag: state.twinPlaced?.sourceTag ?? '' });
      break;
    } catch (error) {
      if (!(error instanceof HubConflict) || attempt >= STEP_ATTEMPTS_MAX) throw error;
      const source = await fenceOld(run, from, state);
      if (source === undefined) break;
      const arriving = await contentArriving(run, state, source.device);
      placed = await placeDisabled(run, state, arriving, placed);
      state = await recordMigrated(run, state, source.device, arriving);
    }
  }
  run.failpoint('move:deleted');
  return release(run, state, placed, async () => contentCarried(await run.carriedTwin()));
}

/** As a migration, but what arrives is the initial twin, in a device created anew. */
export async function resetElsewhere(run: AssignmentRun, started: Assigning): Promise<RegistrationState> {
  let state = started;
  let placed: HubDevice | undefined;
  const twin = twinToStartFrom(state.initialTwin);
  if (state.twinPlaced === null) {
    const source = run.from === undefined ? undefined : await fenceOld(run, run.from, state);
    state = source?.state ?? state;
    placed = await placeAnew(run, state, twin);
    run.failpoint('move:placed');
    const { operationId, destination } = state;
    const replaced = destination === undefined || source === undefined ? undefined : replacedBy(source.device);
    state = assigningIn(await run.send({ type: 'RecordTwinReset', operationId, replaced, at: run.now() }), state);
    run.failpoint('move:logged');
  }
  if (run.from !== undefined) await deleteWhatIsThere(run, run.from, state.previousDeviceId);
  run.failpoint('move:deleted');
  return release(run, state, placed, () => Promise.resolve({ twin }));
}

/** Factory reset on the same hub: the device is deleted and created again, as after an unboxing (new generation, versions at 1). */
export async function resetInPlace(run: AssignmentRun, started: Assigning): Promise<RegistrationState> {
  let state = started;
  let found = await run.gateway.readDevice(run.to, state.deviceId);
  if (state.twinPlaced === null) {
    if (found !== undefined) state = await recordStatus(run, state, found);
    state = assigningIn(await run.send({ type: 'RecordTwinReset', operationId: state.operationId, at: run.now() }), state);
    run.failpoint('move:logged');
  }
  // Another generation than the recorded one was created by an earlier run of this operation.
  if (found !== undefined && found.generationId === state.recorded?.generationId) {
    await deleteWhatIsThere(run, run.to, state.deviceId);
    run.failpoint('move:deleted');
    found = undefined;
  }
  const { status = 'enabled', statusReason = null } = state.recorded ?? {};
  const device = { ...freshDevice(run, state), status, statusReason };
  const anew = found ?? (await run.gateway.putDevice(run.to, device, 'absent'));
  run.failpoint('move:placed');
  return complete(run, state, 'moved', anew);
}

/** Puts the old hub and the new one back as they were before a move that the new hub refused for good. */
export async function compensate(run: AssignmentRun, state: Assigning): Promise<void> {
  const marker = fenceMarker(state.operationId);
  const half = await run.gateway.readDevice(run.to, state.deviceId).catch(() => undefined);
  if (half?.statusReason === marker && (run.from?.hostName !== run.to.hostName || state.previousDeviceId !== state.deviceId)) {
    await run.gateway.deleteDevice(run.to, state.deviceId, { tag: half.tag }).catch(() => false);
  }
  if (run.from === undefined || state.recorded === null) return;
  const old = await run.gateway.readDevice(run.from, state.previousDeviceId);
  if (old?.statusReason !== marker) return;
  const { status, statusReason } = state.recorded;
  await run.gateway.updateIdentity(run.from, state.previousDeviceId, { status, statusReason }, { tag: old.tag });
}

function oldHub(run: AssignmentRun, state: Assigning): HubConnection {
  if (run.from === undefined) throw new Error(`operation ${state.operationId} migrates from a hub that has no connection`);
  return run.from;
}

async function fenceOld(
  run: AssignmentRun,
  from: HubConnection,
  started: Assigning,
): Promise<{ device: HubDevice; state: Assigning } | undefined> {
  const marker = fenceMarker(started.operationId);
  let state = started;
  for (let attempt = 1; ; attempt++) {
    const found = await run.gateway.readDevice(from, state.previousDeviceId);
    if (found === undefined) return undefined;
    // Somebody deleted the device and made another under its id: that one is not ours to move.
    if (state.recorded !== null && found.generationId !== state.recorded.generationId) return undefined;
    const fenced = found.status === 'disabled' && found.statusReason === marker;
    if (!fenced) state = await recordStatus(run, state, found);
    run.failpoint('move:recorded');
    if (fenced) return { device: found, state };
    try {
      const fence = { status: 'disabled', statusReason: marker } as const;
      const device = await run.gateway.updateIdentity(from, state.previousDeviceId, fence, { tag: found.tag });
      run.failpoint('move:fenced');
      return { device, state };
    } catch (error) {
      if (!(error instanceof HubConflict) || attempt >= STEP_ATTEMPTS_MAX) throw error;
    }
  }
}

async function recordStatus(run: AssignmentRun, state: Assigning, found: HubDevice): Promise<Assigning> {
  const { status, statusReason, generationId } = found;
  const recorded = { status, statusReason, generationId };
  return assigningIn(await run.send({ type: 'RecordStatus', operationId: state.operationId, recorded, at: run.now() }), state);
}

/** What arrives at the new hub besides the identity. */
type Content = Pick<HubDevice, 'twin' | 'modules'>;

/** Keys stay out of the log; a hub that loses the device before the move has ended gives its modules new ones. */
function carriedModules({ modules }: Content): CarriedModule[] | undefined {
  return modules?.map(({ moduleId, managedBy, twin }) => ({ moduleId, managedBy, ...twin }));
}

function contentCarried({ twin, modules }: Awaited<ReturnType<AssignmentRun['carriedTwin']>>): Content {
  const named = modules ?? [];
  return {
    twin,
    modules: named.map(({ moduleId, managedBy, ...itsTwin }) => ({ moduleId, managedBy, credentials: null, twin: itsTwin })),
  };
}

function replacedBy(source: HubDevice): ReplacedTwin {
  return { twin: source.twin, modules: carriedModules(source) ?? null };
}

/** What the old hub has; or, when a campaign is undone, what the device had before, in versions that go on from those it has now. */
async function contentArriving(run: AssignmentRun, { plan }: Assigning, source: HubDevice): Promise<Content> {
  if (plan.action !== 'migrate' || plan.restores === undefined) return source;
  const before = contentCarried(await run.twinBefore(plan.restores));
  return { ...before, twin: twinOver(source.twin, before.twin) };
}

/** A device takes a section for unchanged whose version it knows, so what is brought back needs versions of its own. */
function twinOver(now: HubTwin, before: HubTwin): HubTwin {
  const version = (section: 'desired' | 'reported'): number => Math.max(now[section].version, before[section].version) + 1;
  return {
    tags: before.tags,
    desired: { ...before.desired, version: version('desired') },
    reported: { ...before.reported, version: version('reported') },
  };
}

async function recordMigrated(run: AssignmentRun, state: Assigning, source: HubDevice, arriving: Content): Promise<Assigning> {
  const { operationId } = state;
  const complete = await run.gateway.carriesWholeTwin(run.to);
  const { tag: sourceTag } = source;
  const replaced = arriving === source ? undefined : replacedBy(source);
  const { twin } = arriving;
  const modules = carriedModules(arriving);
  const at = run.now();
  const command = { type: 'RecordTwinMigrated', operationId, twin, modules, complete, sourceTag, replaced, at } as const;
  return assigningIn(await run.send(command), state);
}

/**
 * Writes the device with this twin, disabled; what an earlier run or a stranger left under its id is written over. With the copy that
 * this run has placed before, that is one call: the fewer there are between reading the old copy and deleting it, the fewer changes
 * come between.
 */
async function placeDisabled(
  run: AssignmentRun,
  state: Assigning,
  { twin, modules = [] }: Content,
  before?: HubDevice,
): Promise<HubDevice> {
  const fence = { status: 'disabled', statusReason: fenceMarker(state.operationId) } as const;
  const device = { ...freshDevice(run, state), ...fence, twin, modules };
  try {
    return await run.gateway.putDevice(run.to, device, before === undefined ? 'absent' : { tag: before.tag });
  } catch (error) {
    if (!(error instanceof HubConflict)) throw error;
  }
  const found = await run.gateway.readDevice(run.to, state.deviceId);
  await assertUnchanged(run, state);
  return run.gateway.putDevice(run.to, device, found === undefined ? 'absent' : { tag: found.tag });
}

async function placeAnew(run: AssignmentRun, state: Assigning, twin: HubTwin): Promise<HubDevice> {
  const device = { ...freshDevice(run, state), status: 'disabled', statusReason: fenceMarker(state.operationId), twin } as const;
  try {
    return await run.gateway.putDevice(run.to, device, 'absent');
  } catch (error) {
    if (!(error instanceof HubConflict)) throw error;
  }
  const found = await run.gateway.readDevice(run.to, state.deviceId);
  await assertUnchanged(run, state);
  if (found !== undefined) await run.gateway.deleteDevice(run.to, state.deviceId, { tag: found.tag });
  return run.gateway.putDevice(run.to, device, 'absent');
}

/** Deletes whatever the hub has now: after a reset nothing of it is kept, so a change since it was read does not matter. */
async function deleteWhatIsThere(run: AssignmentRun, hub: HubConnection, deviceId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await run.gateway.readDevice(hub, deviceId);
    if (found === undefined) return;
    try {
      await run.gateway.deleteDevice(hub, deviceId, { tag: found.tag });
      return;
    } catch (error) {
      if (!(error instanceof HubConflict) || attempt >= STEP_ATTEMPTS_MAX) throw error;
    }
  }
}

/** Lifts the fence at the new hub (to how the device stood at the old one) and says that the assignment is done. */
async function release(
  run: AssignmentRun,
  state: Assigning,
  placed: HubDevice | undefined,
  lost: () => Promise<Content>,
): Promise<RegistrationState> {
  const { status = 'enabled', statusReason = null } = state.recorded ?? {};
  let device = placed;
  for (let attempt = 1; ; attempt++) {
    device ??= (await run.gateway.readDevice(run.to, state.deviceId)) ?? (await placeDisabled(run, state, await lost()));
    try {
      if (device.statusReason === fenceMarker(state.operationId)) {
        device = await run.gateway.updateIdentity(run.to, state.deviceId, { status, statusReason }, { tag: device.tag });
      }
      run.failpoint('move:enabled');
      return await complete(run, state, 'moved', device);
    } catch (error) {
      if (!(error instanceof HubConflict) || attempt >= STEP_ATTEMPTS_MAX) throw error;
      device = undefined;
    }
  }
}

/** The state after a command of this operation; anything else means that somebody else finished it. */
function assigningIn(state: RegistrationState, before: Assigning): Assigning {
  if (state.status === 'assigning' && state.operationId === before.operationId) return state;
  throw new OperationMovedOn(before.operationId);
}
