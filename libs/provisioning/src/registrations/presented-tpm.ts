import { TPM_PUBLIC_BYTES_MAX } from '@app/attestation';
import { DpsError } from '../shared/dps-error';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const KEY_CHARACTERS_MAX = 4 * Math.ceil(TPM_PUBLIC_BYTES_MAX / 3);

/** Public keys of a TPM as a device sends them, each a TPM2B_PUBLIC; nothing of them is checked yet. */
export interface PresentedTpm {
  readonly endorsementKey: Buffer;
  readonly storageRootKey: Buffer | null;
}

/** The member `tpm` of a DeviceRegistration; null when the device names no endorsement key. Errors: `DpsError` 400004. */
export function parsePresentedTpm(value: unknown): PresentedTpm | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) throw DpsError.badRequest('tpm must be a JSON object');
  const { endorsementKey, storageRootKey } = value as Record<string, unknown>;
  const [ek, srk] = [keyIn(endorsementKey, 'endorsementKey'), keyIn(storageRootKey, 'storageRootKey')];
  return ek === null ? null : { endorsementKey: ek, storageRootKey: srk };
}

function keyIn(text: unknown, name: string): Buffer | null {
  if (text === undefined || text === null || text === '') return null;
  if (typeof text !== 'string' || text.length > KEY_CHARACTERS_MAX || !BASE64.test(text)) {
    throw DpsError.badRequest(`tpm.${name} must be base64 of at most ${TPM_PUBLIC_BYTES_MAX} bytes`);
  }
  return Buffer.from(text, 'base64');
}
