import { AllocationPolicy } from '../shared/shapes';
import { Candidate, rendezvous } from './rendezvous';
import { Consideration, Excluded, HubFact, consider } from './allocation.candidates';
import { CallerRegion, LatencyGrounds, nearest } from './allocation.latency';
import { Destination } from './registration.state';
import { CUSTOM_ALLOCATION_FAILED, WebhookFact, hubOfWebhook } from './webhook';

export type { HubFact } from './allocation.candidates';

export interface AllocationRequest {
  readonly registrationId: string;
  readonly policy: AllocationPolicy;
  /** Host names the enrollment lists; empty when it leaves the choice to the instance. */
  readonly listed: readonly string[];
  readonly linked: readonly HubFact[];
  /** The hub that has the device; it counts as no new one there. */
  readonly currentHub?: string | null;
  /** Whence the device calls; absent where no latencies are configured. */
  readonly region?: CallerRegion | null;
  /** What the webhook of a custom allocation said; absent where none was called. */
  readonly webhook?: WebhookFact | null;
  /** Where a campaign sends the device; absent where none does. */
  readonly destination?: Pick<Destination, 'campaignId' | 'hub'> | null;
}

interface Looked {
  readonly candidates: readonly Candidate[];
  /** Hubs that the device could go to but for a reason of their own. */
  readonly excluded: readonly Excluded[];
  readonly latency: LatencyGrounds | null;
  readonly reason: string;
}

export type Allocation =
  (Looked & { readonly chosen: string }) | (Looked & { readonly chosen: null; readonly errorCode: number });

const HUB_NOT_SPECIFIED = 400208;

/**
 * Which hub a device belongs to now, and why: pure, so that the same facts give the same answer for ever. A campaign's destination
 * goes before the policy as long as that hub can take the device.
 */
export function allocate(request: AllocationRequest): Allocation {
  const { destination, linked, currentHub = null } = request;
  if (destination === undefined || destination === null) return byPolicy(request);
  const { campaignId, hub } = destination;
  const considered = consider({ listed: [hub], linked, currentHub });
  if (considered.candidates.length > 0) return chosen(considered, hub, `campaign ${campaignId} sends the device to ${hub}`);
  const allocation = byPolicy(request);
  const note = `campaign ${campaignId} wants ${hub}, which cannot take the device${notesOn(considered)}`;
  return { ...allocation, reason: `${allocation.reason}; ${note}` };
}

function byPolicy(request: AllocationRequest): Allocation {
  const considered = consider(request);
  const { candidates, excluded } = considered;
  const refused = (errorCode: number, reason: string): Allocation => {
    return { chosen: null, candidates, excluded, latency: null, errorCode, reason };
  };
  const first = candidates[0];
  if (first === undefined) return refused(HUB_NOT_SPECIFIED, `no linked hub can take the device${notesOn(considered)}`);
  switch (request.policy) {
    case 'static':
      if (request.listed.length !== 1) {
        return refused(
          HUB_NOT_SPECIFIED,
          `static allocation needs exactly one hub in the enrollment, which lists ${request.listed.length}`,
        );
      }
      return chosen(considered, first.hub, `${first.hub} is the one hub the enrollment names`);
    case 'hashed':
      return spread(request, considered, candidates, '');
    case 'geoLatency':
      return byLatency(request, considered);
    case 'custom': {
      const answer = hubOfWebhook(request.webhook ?? null, candidates);
      return answer.hub === null
        ? refused(CUSTOM_ALLOCATION_FAILED, answer.reason)
        : chosen(considered, answer.hub, answer.reason);
    }
  }
}

function byLatency(request: AllocationRequest, considered: Consideration): Allocation {
  const near = nearest(request.region ?? null, request.linked, considered.candidates);
  if (near.latency === null) return spread(request, considered, considered.candidates, `${near.reason}; `);
  const hub = rendezvous(request.registrationId, near.candidates);
  return { ...chosen(considered, hub, near.reason), latency: near.latency };
}

function spread(
  { registrationId }: AllocationRequest,
  considered: Consideration,
  candidates: readonly Candidate[],
  because: string,
): Allocation {
  const how = candidates.length === 1 ? 'the only candidate' : `weighted rendezvous over ${candidates.length} candidates`;
  return chosen(considered, rendezvous(registrationId, candidates), `${because}${how}`);
}

function chosen(considered: Consideration, hub: string, reason: string): Allocation {
  const { candidates, excluded } = considered;
  return { chosen: hub, candidates, excluded, latency: null, reason: `${reason}${notesOn(considered)}` };
}

function notesOn({ excluded, unknown }: Consideration): string {
  const notes = [
    ...(unknown.length === 0 ? [] : [`listed but not linked: ${unknown.join(', ')}`]),
    ...excluded.map(({ hub, reason }) => `${hub}: ${reason}`),
  ];
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}
