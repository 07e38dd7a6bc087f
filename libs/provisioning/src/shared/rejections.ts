import type { CampaignRejection } from '../campaigns/campaign.decider';
import type { CaCertificateRejection } from '../certificates/ca-certificate.decider';
import type { EnrollmentRejection } from '../enrollments/enrollment.decider';
import type { HubRejection } from '../hubs/hub.decider';
import type { RegistrationRejection } from '../registrations/registration.decider';
import type { WebhookRejection } from '../webhooks/webhook.decider';

export type Rejection =
  CampaignRejection | CaCertificateRejection | EnrollmentRejection | HubRejection | RegistrationRejection | WebhookRejection;

/** A decider's refusal as the compatible routes say it; exhaustive, so that a new reason does not compile without its number. */
const errorCodes: Readonly<Record<Rejection, number>> = {
  'enrollment-exists': 409201,
  'enrollment-not-found': 404201,
  'enrollment-changed': 412001,
  'attestation-incomplete': 400004,
  'attestation-not-allowed': 400004,
  'new-secrets-required': 400004,
  'hub-already-linked': 409201,
  'hub-not-linked': 404201,
  'hub-changed': 412001,
  'hub-name-mismatch': 400004,
  'hub-weight-out-of-range': 400004,
  'hub-capacity-out-of-range': 400004,
  'too-many-hubs': 400004,
  'certificate-not-found': 404201,
  'certificate-changed': 412001,
  'certificate-not-an-authority': 400004,
  'certificate-verified-already': 409201,
  'too-many-certificates': 400004,
  'no-verification-code': 400004,
  'proof-of-possession-failed': 400004,
  'registration-not-found': 404201,
  'operation-in-flight': 409203,
  'webhook-not-found': 404201,
  'webhook-secret-required': 400004,
  'too-many-webhooks': 400004,
  'campaign-exists': 409201,
  'campaign-not-found': 404201,
  'campaign-not-in-that-state': 409201,
};

/** Error code of a refusal (HTTP status times 1000 plus a detail), undefined for a reason nobody declared. */
export function errorCodeOf(reason: string): number | undefined {
  return Object.hasOwn(errorCodes, reason) ? errorCodes[reason as Rejection] : undefined;
}
