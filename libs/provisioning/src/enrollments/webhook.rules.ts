import { Rejected } from '@app/event-sourcing';
import { SealedSecret } from '../shared/shapes';
import type { AttestationRejection } from './attestation.rules';
import { EnrollmentEntry } from './enrollment.events';
import { maskedWebhookUrl } from './webhook-url';

type Webhook = EnrollmentEntry['customAllocationDefinition'];

/** A webhook as asked for; `keep` where its query came back masked, as a GET gives it. */
export interface RequestedWebhook {
  readonly webhookUrl: string;
  readonly apiVersion: string;
  readonly webhookQuery: SealedSecret | 'keep' | null;
}

/** The webhook to store: a query that is masked, or the same sealed again, stays the stored one. */
export function webhookOf(requested: RequestedWebhook | null, current: Webhook): Webhook {
  if (requested === null) return null;
  const { webhookUrl, apiVersion, webhookQuery } = requested;
  const isSame = current !== null && maskedWebhookUrl(current.webhookUrl) === webhookUrl;
  if (webhookQuery === 'keep') {
    if (isSame) return { ...current, apiVersion };
    throw new Rejected<AttestationRejection>(
      'new-secrets-required',
      'the webhook is another one, so its query is needed in clear',
    );
  }
  const unchanged = isSame && current.webhookQuery !== null && current.webhookQuery.fingerprint === webhookQuery?.fingerprint;
  return unchanged ? { ...current, apiVersion } : { webhookUrl, apiVersion, webhookQuery };
}
