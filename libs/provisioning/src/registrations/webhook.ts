import { JsonObject } from '@app/event-sourcing';
import { InitialTwin } from '../shared/shapes';
import { Candidate } from './rendezvous';

export const CUSTOM_ALLOCATION_FAILED = 400207;

/** What came of asking the webhook of a custom allocation: a fact for the decision, which does not ask itself. */
export type WebhookFact =
  | {
      readonly outcome: 'answered';
      readonly status: number;
      readonly durationMs: number;
      /** As the webhook wrote it; null where it named none. */
      readonly hub: string | null;
      /** Null where it said nothing of a twin. */
      readonly initialTwin: InitialTwin | null;
      readonly payload: JsonObject | null;
    }
  | {
      readonly outcome: 'failed';
      /** Null where no answer came. */
      readonly status: number | null;
      readonly durationMs: number;
      /** For the operator. */
      readonly reason: string;
    };

/** The hub that the webhook decided for, or what the device and the log are told instead. */
export function hubOfWebhook(
  webhook: WebhookFact | null,
  candidates: readonly Candidate[],
): { readonly hub: string | null; readonly reason: string } {
  const refused = (reason: string) => ({ hub: null, reason: `Custom allocation failed${reason}` });
  if (webhook === null) return refused(': the webhook was not called');
  if (webhook.outcome === 'failed') {
    return refused(webhook.status === null ? ': the webhook gave no usable answer' : ` with status code: ${webhook.status}`);
  }
  const { hub } = webhook;
  if (hub === null) return refused(': the webhook named no hub');
  const found = candidates.find((candidate) => candidate.hub === hub.toLowerCase());
  if (found === undefined) return refused(': the webhook named a hub that is not among linkedHubs');
  return { hub: found.hub, reason: `the webhook chose ${found.hub}` };
}

/** The webhook's answer as far as it may be used: that of a failed one says nothing. */
export function twinOfWebhook(webhook: WebhookFact | null): InitialTwin | null {
  return webhook?.outcome === 'answered' ? webhook.initialTwin : null;
}

export function payloadOfWebhook(webhook: WebhookFact | null): JsonObject | null {
  return webhook?.outcome === 'answered' ? webhook.payload : null;
}
