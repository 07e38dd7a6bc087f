import { Actor } from '@app/event-sourcing';
import type { AttestationFailure } from '../attestation-failures/attestation-failures.queries';
import type { Preview } from '../registrations/preview';
import { AssignmentPlan, Grounds, ReprovisionOutcome, Substatus } from '../registrations/registration.events';
import { RegistrationState, currentAssignment } from '../registrations/registration.state';
import { Change } from './changes';
import { Context } from './explain';
import { Chapter, Story, placementIn } from './story';
import { TwinCarried, twinCarried } from './twin.words';

export const whyStates = ['assigning', 'assigned', 'failed', 'disabled', 'deleted', 'neverRegistered'] as const;
export type WhyState = (typeof whyStates)[number];

/** What the sentences say, as data; times are ISO 8601 UTC. */
export interface WhyFacts {
  readonly state: WhyState;
  /** Where the device is; while assigning, where it still is. */
  readonly hub: string | null;
  readonly targetHub: string | null;
  readonly deviceId: string | null;
  readonly substatus: Substatus | null;
  /** When it came to its hub. */
  readonly since: string | null;
  /** The registration that is explained. */
  readonly operation: {
    readonly operationId: string;
    readonly action: AssignmentPlan['action'] | null;
    readonly startedAt: string;
    readonly endedAt: string | null;
  } | null;
  /** Everything its decision looked at. */
  readonly grounds: Grounds | null;
  readonly twin: TwinCarried | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly deleted: { readonly at: string; readonly by: Actor } | null;
  readonly enrollmentChanges: readonly Change[];
  readonly hubChanges: readonly Change[];
  readonly request: {
    readonly at: string;
    readonly by: Actor;
    readonly hub: string;
    readonly outcome: ReprovisionOutcome;
  } | null;
  readonly attestationFailure: AttestationFailure | null;
  readonly preview: Preview | null;
}

export function factsOf(story: Story, context: Context): WhyFacts {
  const { state, chapters, deleted, request } = story;
  const last = chapters.at(-1);
  const assignment = currentAssignment(state);
  const placement = assignment === null ? undefined : placementIn(chapters);
  const { enrollmentChanges, hubChanges, attestationFailure, preview } = context;
  return {
    state: stateWord(story),
    hub: assignment?.hub ?? null,
    targetHub: state.status === 'assigning' ? state.plan.to : null,
    deviceId: assignment?.deviceId ?? null,
    substatus: assignment?.substatus ?? null,
    since: placement?.endedAt ?? null,
    operation: last === undefined ? null : operationOf(last),
    grounds: last?.grounds ?? null,
    twin: last === undefined ? null : twinCarried(last),
    error: errorOf(state),
    deleted: deleted === null ? null : { at: deleted.at, by: deleted.by },
    enrollmentChanges,
    hubChanges,
    request: request === null ? null : { at: request.at, by: request.by, hub: request.hub, outcome: request.outcome },
    attestationFailure,
    preview: preview ?? null,
  };
}

function stateWord({ state, deleted }: Story): WhyState {
  if (state.status !== 'unassigned') return state.status;
  return deleted === null ? 'neverRegistered' : 'deleted';
}

function operationOf({ operationId, started, startedAt, endedAt }: Chapter): WhyFacts['operation'] {
  return { operationId, action: started?.plan.action ?? null, startedAt, endedAt };
}

function errorOf(state: RegistrationState): WhyFacts['error'] {
  return state.status === 'failed' ? { code: state.errorCode, message: state.errorMessage } : null;
}
