import { Register, decideAssignment } from './assignment.rules';
import { AssignmentPlan, Grounds } from './registration.events';
import { RegistrationState, currentAssignment } from './registration.state';

/** `assign`: a hub is found; `fail`: none is; `refuse`: the enrollment is disabled; `join`: an operation is under way already. */
export type PreviewOutcome = 'assign' | 'fail' | 'refuse' | 'join';

/** Where the twin that the device would find comes from; `hub`: it is the one that is there. */
export type TwinSource = 'enrollment' | 'webhook' | 'previousHub' | 'hub';

export interface RuleLookedAt {
  readonly rule: string;
  readonly outcome: string;
}

/** What would happen if the device registered now. */
export interface Preview {
  readonly registrationId: string;
  readonly enrollment: Grounds['enrollment'];
  readonly outcome: PreviewOutcome;
  readonly action: AssignmentPlan['action'] | null;
  /** The hub that would have the device afterwards; null for none. */
  readonly hub: string | null;
  readonly previousHub: string | null;
  readonly deviceId: string | null;
  /** Null where nothing is written to a hub. A hub that has lost the device gets the enrollment's twin all the same. */
  readonly twinSource: TwinSource | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  /** In the order they were looked at, each with a sentence. */
  readonly rules: readonly RuleLookedAt[];
  readonly grounds: Grounds | null;
}

/** Asks the decider what it would decide, and says it in words; nothing is stored. */
export function previewOf(register: Register, state: RegistrationState): Preview {
  const { registrationId, enrollment } = register;
  const { kind, revision, entry } = enrollment;
  const previous = currentAssignment(state);
  const nothing = {
    registrationId,
    enrollment: { kind, id: entry.id, revision },
    action: null,
    hub: previous?.hub ?? null,
    previousHub: previous?.hub ?? null,
    deviceId: previous?.deviceId ?? null,
    twinSource: null,
    error: null,
    grounds: null,
  };
  const status = { rule: 'enrollment', outcome: `${kind} ${entry.id} at revision ${revision} is ${entry.provisioningStatus}` };
  if (state.status === 'assigning') {
    const join = { rule: 'operation under way', outcome: `the request joins operation ${state.operationId}` };
    return { ...nothing, outcome: 'join', action: state.plan.action, hub: state.plan.to, rules: [join] };
  }
  if (entry.provisioningStatus === 'disabled') return { ...nothing, outcome: 'refuse', rules: [status] };
  for (const { type, data } of decideAssignment(register, state)) {
    if (type === 'AssignmentFailed' && data.grounds !== null) {
      const { grounds, errorCode: code, errorMessage: message } = data;
      return { ...nothing, outcome: 'fail', error: { code, message }, grounds, rules: [status, ...rulesOf(grounds)] };
    }
    if (type !== 'AssignmentStarted') continue;
    const { plan, deviceId, grounds } = data;
    const decided = {
      outcome: 'assign',
      action: plan.action,
      hub: plan.to,
      deviceId,
      twinSource: twinSource(plan, grounds),
    } as const;
    return { ...nothing, ...decided, grounds, rules: [status, ...rulesOf(grounds)] };
  }
  throw new Error(`registration ${registrationId}: the decider has decided nothing`);
}

function twinSource({ action }: AssignmentPlan, { allocation }: Grounds): TwinSource {
  switch (action) {
    case 'create':
    case 'reset':
      return allocation.webhook?.hadInitialTwin === true ? 'webhook' : 'enrollment';
    case 'migrate':
      return 'previousHub';
    case 'keep':
      return 'hub';
  }
}

function rulesOf({ policy, allocation, reason }: Grounds): readonly RuleLookedAt[] {
  const { candidates, excluded, latency, webhook } = allocation;
  return [
    { rule: 'reprovisioning policy', outcome: `${policy.effective}: ${policy.reason}` },
    { rule: 'allocation policy', outcome: `${allocation.policy}, from the ${allocation.policySource}` },
    ...excluded.map((each) => ({ rule: 'excluded hub', outcome: `${each.hub} ${each.reason}` })),
    {
      rule: 'candidates',
      outcome: candidates.length === 0 ? 'none' : candidates.map(({ hub, weight }) => `${hub} (weight ${weight})`).join(', '),
    },
    ...(latency === null ? [] : [{ rule: 'latency', outcome: latencyOutcome(latency) }]),
    ...(allocation.policy === 'custom' ? [{ rule: 'webhook', outcome: webhookOutcome(webhook) }] : []),
    { rule: 'allocation', outcome: allocation.reason },
    { rule: 'decision', outcome: reason },
  ];
}

function latencyOutcome({ region, network, hubs }: NonNullable<Grounds['allocation']['latency']>): string {
  const from = network === null ? `region ${region} (the default)` : `region ${region} (network ${network})`;
  return `${from}: ${hubs.map(({ hub, latencyMs }) => `${hub} ${latencyMs === null ? 'unknown' : `${latencyMs} ms`}`).join(', ')}`;
}

function webhookOutcome(webhook: Grounds['allocation']['webhook']): string {
  if (webhook === null) return 'not called';
  const { failure, hub, durationMs, hadInitialTwin, hadPayload } = webhook;
  if (failure !== null) return `${failure} (after ${durationMs} ms)`;
  const extras = [hadInitialTwin ? 'an initial twin' : '', hadPayload ? 'a payload' : ''].filter((each) => each !== '');
  return `answered in ${durationMs} ms: ${hub ?? 'no hub'}${extras.length === 0 ? '' : ` with ${extras.join(' and ')}`}`;
}
