import { readDeviceToken } from '@app/attestation';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { Attestation } from '../enrollments/enrollment.events';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import type { Clock } from '../shared/tokens';
import { AttestationRefused } from './attestation-refused';
import { PresentedTpm } from './presented-tpm';
import { ActivatingTpm } from './registration.events';
import { PresentingDevice } from './registrations.dto';
import { TpmChallenge } from './tpm-challenge';
import { TpmKeys } from './tpm-keys';

export type TpmEnrollment = Extract<Attestation, { type: 'tpm' }>;

/** A device that proved to have the TPM of its enrollment. */
export interface TpmDevice extends PresentEnrollment {
  readonly key: null;
  readonly x509: null;
  /** Null when the device named no storage root key, as in polls, and its enrollment holds none. */
  readonly tpm: ActivatingTpm | null;
}

/** A device that asks for a key to prove itself with, before it has any credential. Keys are TPM2B_PUBLIC. */
export interface TpmChallengeCall {
  readonly idScope: string;
  readonly registrationId: string;
  readonly endorsementKey: Buffer;
  readonly storageRootKey: Buffer;
}

export interface TpmAttestationParts {
  readonly enrollments: EnrollmentReader;
  readonly keys: TpmKeys;
  readonly idScope: string;
  readonly clock: Clock;
  /** Told of every device that may not have a challenge. */
  readonly onRefused: (device: PresentingDevice, refused: AttestationRefused) => void;
}

/** Attestation by TPM (wire contract §3.4), for individual enrollments only, over HTTPS and AMQP. */
export class TpmAttestation {
  constructor(private readonly parts: TpmAttestationParts) {}

  /**
   * For AMQP, where the challenge is part of the handshake: the activation blob for a device of an individual enrollment with this
   * endorsement key. Errors: `AttestationRefused`: 401002, or 404201 when there is no such enrollment.
   */
  async challenge({ idScope, registrationId, endorsementKey, storageRootKey }: TpmChallengeCall): Promise<Buffer> {
    const tpm = { endorsementKey, storageRootKey };
    try {
      return await this.challengeFor(idScope, registrationId, tpm);
    } catch (error) {
      if (error instanceof AttestationRefused) {
        const presented = { authorization: undefined, certificates: [], tpm };
        this.parts.onRefused({ registrationId, presented, client: { transport: 'amqp' } }, error);
      }
      throw error;
    }
  }

  /** Errors: `TpmChallenge` for a device that shows its keys but no token yet; `AttestationRefused`. */
  attest(
    enrollment: PresentEnrollment,
    attestation: TpmEnrollment,
    { registrationId, presented, client }: PresentingDevice,
  ): TpmDevice {
    const { clock, idScope, keys } = this.parts;
    if (client.transport === 'mqtt') throw refused(registrationId, 'there is no TPM attestation over MQTT');
    const tpm = activating(registrationId, attestation, presented.tpm);
    const { authorization } = presented;
    if (authorization === undefined && presented.tpm !== null) throw this.challengeTo(registrationId, tpm);
    const now = clock();
    const reading = readDeviceToken(authorization, { idScope, registrationId, now });
    if (!reading.readable) throw AttestationRefused.because('token', `${registrationId}: ${reading.reason}`);
    if (!keys.hasSigned(reading.token, registrationId, canonical(attestation.endorsementKey), now)) {
      throw AttestationRefused.because('key', `${registrationId}: the signature is not by the key of an open challenge`);
    }
    return { ...enrollment, key: null, x509: null, tpm };
  }

  private async challengeFor(idScope: string, registrationId: string, presented: PresentedTpm): Promise<Buffer> {
    if (idScope.toLowerCase() !== this.parts.idScope.toLowerCase()) {
      throw AttestationRefused.because('id-scope', 'the id scope is not the one of this instance');
    }
    const enrollment = await this.parts.enrollments.find('individual', registrationId);
    if (enrollment === undefined) throw AttestationRefused.unknown(`${registrationId}: no individual enrollment for a TPM`);
    const { attestation } = enrollment.entry;
    if (attestation.type !== 'tpm') {
      throw AttestationRefused.because('attestation-type', `${registrationId}: the enrollment attests by ${attestation.type}`);
    }
    return this.challengeTo(registrationId, activating(registrationId, attestation, presented)).blob;
  }

  private challengeTo(registrationId: string, tpm: ActivatingTpm | null): TpmChallenge {
    if (tpm === null) throw refused(registrationId, 'the device names no storage root key');
    return new TpmChallenge(this.parts.keys.challenge(registrationId, tpm, this.parts.clock()));
  }
}

/** The keys to activate with: the enrollment's, and the device's storage root key where the enrollment has none. */
function activating(registrationId: string, enrolled: TpmEnrollment, presented: PresentedTpm | null): ActivatingTpm | null {
  const endorsementKey = canonical(enrolled.endorsementKey);
  const stored = enrolled.storageRootKey === null ? null : canonical(enrolled.storageRootKey);
  if (presented === null) return stored === null ? null : { endorsementKey, storageRootKey: stored };
  if (presented.endorsementKey.toString('base64') !== endorsementKey) {
    throw refused(registrationId, 'the endorsement key is not the one of the enrollment');
  }
  const storageRootKey = presented.storageRootKey?.toString('base64') ?? stored;
  if (stored !== null && storageRootKey !== stored) {
    throw refused(registrationId, 'the storage root key is not the one of the enrollment');
  }
  return storageRootKey === null ? null : { endorsementKey, storageRootKey };
}

/** One spelling for the same bytes, however an operator wrote them. */
function canonical(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64');
}

function refused(registrationId: string, reason: string): AttestationRefused {
  return AttestationRefused.because('tpm', `${registrationId}: ${reason}`);
}
