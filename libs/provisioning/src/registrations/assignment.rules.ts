import { EnrollmentEntry } from '../enrollments/enrollment.events';
import { JsonObject } from '@app/event-sourcing';
import { AllocationPolicy, EnrollmentKind, InitialTwin } from '../shared/shapes';
import { Allocation, HubFact, allocate } from './allocation';
import { CallerRegion } from './allocation.latency';
import { AssignmentPlan, Grounds, RegistrationEvent } from './registration.events';
import { Assignment, Destination, RegistrationState, currentAssignment } from './registration.state';
import { EffectivePolicy, effectivePolicy } from './reprovisioning-policy';
import { WebhookFact, payloadOfWebhook, twinOfWebhook } from './webhook';

/** A device asks where it belongs; everything the answer depends on comes with the question. */
export interface Register {
  readonly type: 'Register';
  readonly operationId: string;
  readonly registrationId: string;
  readonly at: string;
  readonly request: {
    readonly apiVersion: string;
    readonly clientVersion: string | null;
    readonly transport: string;
    readonly payload: JsonObject | null;
  };
  readonly attestation: Grounds['attestation'];
  readonly enrollment: { readonly kind: EnrollmentKind; readonly revision: string; readonly entry: EnrollmentEntry };
  readonly hubs: {
    readonly revision: string | null;
    readonly defaultPolicy: AllocationPolicy;
    readonly linked: readonly HubFact[];
  };
  /** Whence the device calls; null where no latencies are configured. */
  readonly region: CallerRegion | null;
  /** What the webhook said; null where the policy is not custom, or it was not asked. */
  readonly webhook: WebhookFact | null;
}

/** The old hub is not linked any more: nothing there can be read or deleted. */
const HUB_NOT_LINKED = 400209;

type Verdict =
  | { readonly plan: AssignmentPlan; readonly reason: string }
  | { readonly plan: null; readonly errorCode: number; readonly errorMessage: string; readonly reason: string };

/** The decision table of reprovisioning (wire contract §5.4), in the order of §5.3. */
export function decideAssignment(command: Register, state: RegistrationState): readonly RegistrationEvent[] {
  if (state.status === 'assigning') return []; // The request joins the operation that is under way.
  if (state.status !== 'unassigned' && state.operationId === command.operationId) return [];
  const { entry } = command.enrollment;
  if (entry.provisioningStatus === 'disabled') return refuseDisabled(command, state);

  const previous = currentAssignment(state);
  const policy = effectivePolicy(entry.reprovisionPolicy, command.request.apiVersion);
  const destination = state.status === 'unassigned' ? undefined : state.destination;
  const allocation = allocationFor(command, previous?.hub ?? null, destination);
  const deviceId = deviceIdAfter(command, previous, policy);
  const verdict = previous === null ? first(allocation) : again(previous, deviceId, policy, allocation, command, destination);
  const grounds = groundsOf(command, previous, policy, allocation, verdict.reason, destination);
  const { operationId, registrationId, at } = command;
  if (verdict.plan === null) {
    const { errorCode, errorMessage } = verdict;
    const hub = previous?.hub ?? null;
    return [{ type: 'AssignmentFailed', data: { operationId, registrationId, errorCode, errorMessage, hub, grounds, at } }];
  }
  const started: Extract<RegistrationEvent, { type: 'AssignmentStarted' }>['data'] = {
    operationId,
    registrationId,
    deviceId,
    previousDeviceId: previous === null || previous.deviceId === deviceId ? null : previous.deviceId,
    plan: verdict.plan,
    initialTwin: initialTwinOf(command, policy, previous),
    iotEdge: entry.capabilities.iotEdge,
    payload: command.request.payload,
    returnedPayload: payloadOfWebhook(command.webhook),
    grounds,
    at,
  };
  return [{ type: 'AssignmentStarted', data: started }];
}

export function allocationPolicyOf({ enrollment, hubs }: Pick<Register, 'enrollment' | 'hubs'>): AllocationPolicy {
  return enrollment.entry.allocationPolicy ?? hubs.defaultPolicy;
}

function allocationFor(command: Register, currentHub: string | null, destination: Destination | undefined): Allocation {
  const { registrationId, enrollment, hubs, region, webhook } = command;
  const policy = allocationPolicyOf(command);
  return allocate({
    registrationId,
    policy,
    listed: listedHubs(enrollment.entry),
    linked: hubs.linked,
    currentHub,
    region,
    webhook,
    destination: destination ?? null,
  });
}

/** A disabled device that keeps asking is written down once for each revision of its enrollment, so that it cannot fill the log. */
function refuseDisabled(command: Register, state: RegistrationState): readonly RegistrationEvent[] {
  const { operationId, registrationId, at } = command;
  const enrollment = enrollmentRef(command);
  if (state.status === 'disabled' && state.enrollment.kind === enrollment.kind && state.enrollment.id === enrollment.id) {
    if (state.enrollment.revision === enrollment.revision) return [];
  }
  const { apiVersion } = command.request;
  return [{ type: 'RegistrationDisabled', data: { operationId, registrationId, enrollment, apiVersion, at } }];
}

function first(allocation: Allocation): Verdict {
  if (allocation.chosen === null) return failed(allocation.errorCode, allocation.reason, 'there is no hub for the device');
  return { plan: { action: 'create', to: allocation.chosen }, reason: `first assignment, to ${allocation.chosen}` };
}

function again(
  previous: Assignment,
  deviceId: string,
  policy: EffectivePolicy,
  allocation: Allocation,
  command: Register,
  destination: Destination | undefined,
): Verdict {
  const old = previous.hub;
  const oldIsLinked = command.hubs.linked.some((hub) => hub.hostName === old);
  if (policy.effective === 'never' || policy.effective === 'sticky') {
    if (!oldIsLinked)
      return failed(HUB_NOT_LINKED, `the device must stay on ${old}, which is not linked`, `${old} is not linked`);
    return { plan: { action: 'keep', to: old }, reason: staysOn(old, policy, command, destination) };
  }
  if (allocation.chosen === null)
    return failed(allocation.errorCode, allocation.reason, `no hub can take the device, it stays on ${old}`);
  const to = allocation.chosen;
  const stays = to === old && deviceId === previous.deviceId;
  const undone = destination?.restores !== undefined && destination.hub === to && (stays || oldIsLinked);
  if (undone) return goesBack(old, to, stays, destination.restores);
  if (policy.effective === 'migrate' && twinOfWebhook(command.webhook) === null) {
    if (stays) return { plan: { action: 'keep', to }, reason: `allocation yields ${to} again, so nothing moves` };
    if (oldIsLinked)
      return { plan: { action: 'migrate', from: old, to }, reason: `moves from ${old} to ${to}, its twin goes along` };
    return failed(
      HUB_NOT_LINKED,
      `the twin cannot be read: ${old} is not linked`,
      `${old} is not linked, so the twin cannot go along`,
    );
  }
  return startAnew(old, to, stays, oldIsLinked, policy.effective === 'migrate' ? ', with the twin that the webhook gave' : '');
}

/** An undone campaign: the device is where it was, or returns there with the twin that it had. */
function goesBack(old: string, to: string, stays: boolean, restores: string): Verdict {
  if (stays) return { plan: { action: 'keep', to }, reason: `is back on ${to}, as it was before the campaign` };
  const reason = `moves back from ${old} to ${to} with the twin that it had before the campaign`;
  return { plan: { action: 'migrate', from: old, to, restores }, reason };
}

function startAnew(old: string, to: string, stays: boolean, oldIsLinked: boolean, how: string): Verdict {
  if (stays)
    return {
      plan: { action: 'reset', from: to, to },
      reason: `allocation yields ${to} again; the device starts anew there${how}`,
    };
  if (oldIsLinked)
    return { plan: { action: 'reset', from: old, to }, reason: `moves from ${old} to ${to} and starts anew${how}` };
  return {
    plan: { action: 'reset', from: null, to },
    reason: `starts anew on ${to}${how}; ${old} is not linked, so the device could not be deregistered there`,
  };
}

function staysOn(old: string, policy: EffectivePolicy, { hubs }: Register, destination: Destination | undefined): string {
  const drained = hubs.linked.some((hub) => hub.hostName === old && hub.draining === true);
  const wanted =
    destination === undefined || destination.hub === old
      ? ''
      : `, though campaign ${destination.campaignId} wants it on ${destination.hub}`;
  return `stays on ${old}${drained ? ', though that is being drained' : ''}${wanted}: ${policy.reason}`;
}

function failed(errorCode: number, errorMessage: string, reason: string): Verdict {
  return { plan: null, errorCode, errorMessage, reason };
}

/** A device that stays for good keeps its id as well; otherwise the enrollment's id holds, and the registration id where it names none. */
function deviceIdAfter(command: Register, previous: Assignment | null, policy: EffectivePolicy): string {
  const named = command.enrollment.entry.deviceId;
  if (previous === null) return named ?? command.registrationId;
  if (policy.effective === 'never' || policy.effective === 'sticky') return previous.deviceId;
  if (named !== null) return named;
  const sameButForCase = previous.deviceId.toLowerCase() === command.registrationId.toLowerCase();
  return sameButForCase ? previous.deviceId : command.registrationId;
}

export function listedHubs(entry: EnrollmentEntry): readonly string[] {
  if (entry.iotHubs !== null && entry.iotHubs.length > 0) return entry.iotHubs;
  return entry.iotHubHostName === null ? [] : [entry.iotHubHostName];
}

/** The webhook's twin overrides the enrollment's, but not for a device that stays as it is (wire contract §5.4, row 12). */
function initialTwinOf({ enrollment, webhook }: Register, policy: EffectivePolicy, previous: Assignment | null): InitialTwin {
  const stays = previous !== null && (policy.effective === 'never' || policy.effective === 'sticky');
  return (stays ? null : twinOfWebhook(webhook)) ?? enrollment.entry.initialTwin ?? { tags: {}, desired: {} };
}

function enrollmentRef(command: Register): Grounds['enrollment'] {
  const { kind, revision, entry } = command.enrollment;
  return { kind, id: entry.id, revision };
}

function groundsOf(
  command: Register,
  previous: Assignment | null,
  policy: EffectivePolicy,
  allocation: Allocation,
  reason: string,
  destination: Destination | undefined,
): Grounds {
  const { request, attestation, enrollment, hubs } = command;
  return {
    apiVersion: request.apiVersion,
    clientVersion: request.clientVersion,
    transport: request.transport,
    attestation,
    enrollment: enrollmentRef(command),
    policy: { effective: policy.effective, saved: enrollment.entry.reprovisionPolicy, reason: policy.reason },
    allocation: {
      policy: allocationPolicyOf(command),
      policySource: enrollment.entry.allocationPolicy === null ? 'instance' : 'enrollment',
      candidates: [...allocation.candidates],
      excluded: [...allocation.excluded],
      latency: allocation.latency === null ? null : { ...allocation.latency, hubs: [...allocation.latency.hubs] },
      webhook: webhookGrounds(command.webhook),
      chosen: allocation.chosen,
      reason: allocation.reason,
      hubsRevision: hubs.revision,
      ...destinationGrounds(allocation, destination),
    },
    previousHub: previous?.hub ?? null,
    reason,
  };
}

function destinationGrounds(
  { chosen }: Allocation,
  destination: Destination | undefined,
): Pick<Grounds['allocation'], 'destination'> {
  if (destination === undefined) return {};
  const { campaignId, hub } = destination;
  return { destination: { campaignId, hub, followed: chosen === hub } };
}

function webhookGrounds(webhook: WebhookFact | null): Grounds['allocation']['webhook'] {
  if (webhook === null) return null;
  const { status, durationMs } = webhook;
  if (webhook.outcome === 'failed') {
    return { status, durationMs, hub: null, hadInitialTwin: false, hadPayload: false, failure: webhook.reason };
  }
  const { hub, initialTwin, payload } = webhook;
  return { status, durationMs, hub, hadInitialTwin: initialTwin !== null, hadPayload: payload !== null, failure: null };
}
