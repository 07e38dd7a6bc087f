import type { ChainCheck } from '@app/attestation';
import { DpsError } from '../shared/dps-error';

/** Which check a device did not pass; words for operators. */
export const attestationChecks = [
  'id-scope',
  'token',
  'key',
  'no-enrollment',
  'attestation-type',
  'thumbprint',
  'common-name',
  'tpm',
  'no-certificate',
  'unreadable-certificate',
  'chain-too-long',
  'duplicate-certificate',
  'validity',
  'signature-algorithm',
  'signature',
  'critical-extension',
  'basic-constraints',
  'path-length',
  'key-usage',
  'untrusted-issuer',
] as const;
export type AttestationCheck = (typeof attestationChecks)[number] | ChainCheck;

/** A device that did not prove who it is. It learns the opaque code alone; `check` and `logReason` are for operators. */
export class AttestationRefused extends DpsError {
  private constructor(
    readonly check: AttestationCheck,
    errorCode: number,
    message: string,
    reason: string,
  ) {
    super(errorCode, message, `${check}: ${reason}`);
    this.name = 'AttestationRefused';
  }

  /** 401002. */
  static because(check: AttestationCheck, reason: string): AttestationRefused {
    return new AttestationRefused(check, 401002, 'Unauthorized', reason);
  }

  /** 404201: nothing here could know the device, whatever it had presented. */
  static unknown(reason: string): AttestationRefused {
    return new AttestationRefused('no-enrollment', 404201, 'Registration not found.', reason);
  }
}
