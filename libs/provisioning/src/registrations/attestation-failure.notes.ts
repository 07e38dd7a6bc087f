import { X509Certificate } from 'node:crypto';
import { parseSasToken } from '@app/attestation';
import { NotedFailure } from '../attestation-failures/attestation-failures';
import { certificateInfo } from '../enrollments/certificates';
import { AttestationRefused } from './attestation-refused';
import { PresentingDevice } from './registrations.dto';

/** What operators are told of a refusal: the check, and what the device presented without anything secret. */
export function notedFailure(
  { registrationId, presented, client }: PresentingDevice,
  refused: AttestationRefused,
  at: Date,
): NotedFailure {
  const reason = refused.logReason.slice(refused.check.length + ': '.length);
  const { transport } = client;
  return { registrationId, check: refused.check, reason, transport, ...certificateOf(presented), ...tokenOf(presented), at };
}

function certificateOf({ certificates: [leaf] }: PresentingDevice['presented']): Pick<NotedFailure, 'subject' | 'thumbprint'> {
  if (leaf === undefined) return { subject: null, thumbprint: null };
  try {
    const { subjectName, sha1Thumbprint } = certificateInfo(new X509Certificate(leaf));
    return { subject: subjectName, thumbprint: sha1Thumbprint };
  } catch {
    return { subject: null, thumbprint: null };
  }
}

function tokenOf({ authorization }: PresentingDevice['presented']): Pick<NotedFailure, 'keyName'> {
  const result = authorization === undefined ? undefined : parseSasToken(authorization);
  return { keyName: result?.parsed === true ? result.token.keyName : null };
}
