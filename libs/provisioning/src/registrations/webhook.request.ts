import { JsonObject } from '@app/event-sourcing';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { enrollmentDocument } from '../enrollments/enrollment.document';
import { Grounds } from './registration.events';
import { Assignment } from './registration.state';

export interface WebhookQuestion {
  readonly registrationId: string;
  readonly enrollment: PresentEnrollment;
  readonly attestation: Grounds['attestation'];
  readonly current: Assignment | null;
  readonly payload: JsonObject | null;
  /** Host names among which the webhook may choose. */
  readonly linkedHubs: readonly string[];
}

/** The body of the call (wire contract §5.9): no keys, and the secrets in the webhook's own address masked. */
export function webhookRequest(question: WebhookQuestion): Readonly<Record<string, unknown>> {
  const { registrationId, enrollment, current, payload, linkedHubs } = question;
  const { attestation, ...document } = enrollmentDocument(enrollment);
  const name = enrollment.entry.kind === 'individual' ? 'individualEnrollment' : 'enrollmentGroup';
  return {
    [name]: { ...document, attestation: attestation.type === 'symmetricKey' ? { type: attestation.type } : attestation },
    deviceRuntimeContext: {
      registrationId,
      ...(current === null ? {} : { currentIotHubHostName: current.hub, currentDeviceId: current.deviceId }),
      ...attestedBy(question),
      ...(payload === null ? {} : { payload }),
    },
    linkedHubs,
  };
}

function attestedBy({ attestation }: WebhookQuestion): Readonly<Record<string, unknown>> {
  if (attestation.type !== 'x509') return { [attestation.type]: {} };
  const { x509 } = attestation;
  if (x509 === null) return { x509: {} };
  const { certificateInfo, signingCertificateInfo } = x509;
  return { x509: signingCertificateInfo === null ? { certificateInfo } : { certificateInfo, signingCertificateInfo } };
}
