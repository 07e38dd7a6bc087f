import { DeviceStatus } from '../read-models/device-status.queries';
import { RegistrationResult } from '../registrations/registration.document';
import { etagOf } from '../shared/etag';

/** DeviceRegistrationState of the service API (wire contract §4.2). Unlike the device API it says nothing of attestation. */
export type RegistrationStateDocument = Omit<RegistrationResult, 'symmetricKey' | 'x509' | 'tpm'>;

export function stateOfResult(result: RegistrationResult): RegistrationStateDocument {
  const { symmetricKey: _symmetricKey, x509: _x509, tpm: _tpm, ...state } = result;
  return state;
}

/** The same document from the read model. While a device moves neither hub is its hub, so none is named. */
export function stateOfRow(row: DeviceStatus): RegistrationStateDocument {
  const { registrationId, deviceId, status, substatus, assignedHub, error, operation, updatedAt, revision } = row;
  const isStanding = status !== 'assigning' && assignedHub !== null;
  return {
    registrationId,
    createdDateTimeUtc: operation.startedAt ?? updatedAt,
    ...(isStanding ? { assignedHub } : {}),
    ...(isStanding && deviceId !== null ? { deviceId } : {}),
    status,
    ...(isStanding && substatus !== null ? { substatus } : {}),
    ...(status === 'failed' && error !== null ? { errorCode: error.code, errorMessage: error.message } : {}),
    lastUpdatedDateTimeUtc: updatedAt,
    etag: wireEtag(BigInt(revision)),
  };
}

/** A registration's etag is the base64 text of the quoted tag (wire contract §1.4). */
function wireEtag(revision: bigint): string {
  return Buffer.from(etagOf(revision)).toString('base64');
}

/** Longest header looked at; a tag of ours has 52 characters in base64. */
const IF_MATCH_CHARACTERS_MAX = 256;

/** If-Match as the client got the etag, in base64, or already decoded; what is neither is handed on as it is. */
export function decodedIfMatch(header: string | undefined): string | undefined {
  if (header === undefined || header.length > IF_MATCH_CHARACTERS_MAX) return header;
  const text = header
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');
  const decoded = Buffer.from(text, 'base64').toString('utf8');
  return /^"[\x21\x23-\x7e]+"$/.test(decoded) ? decoded : header;
}
