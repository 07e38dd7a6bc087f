import {
  CLOCK_SKEW_MS,
  SasToken,
  TpmStorageKey,
  buildActivationBlob,
  isBoundToTpm,
  isSignedBy,
  readTpmStorageKey,
} from '@app/attestation';
import { SecretBox } from '../shared/secret-box';
import { AttestationRefused } from './attestation-refused';
import { ActivatingTpm } from './registration.events';
import { RegistrationState } from './registration.state';

/** A challenge's key holds until the end of the window after its own: at least as long as the tokens of all clients, one hour. */
export const TPM_CHALLENGE_WINDOW_MS = 3_600_000;

const CHALLENGE = 'tpm challenge';
const HUB_KEY = 'tpm hub key';

/**
 * The keys that devices with a TPM are given, to register and to live at their hub. They are derived from the instance's secret
 * whenever they are needed: nothing of them is stored, and every process of the instance knows them, also after a crash.
 */
export class TpmKeys {
  constructor(
    private readonly secrets: SecretBox,
    private readonly idScope: string,
  ) {}

  /** An activation blob with the key that the device's tokens are to be signed with. Errors: `AttestationRefused`. */
  challenge(registrationId: string, tpm: ActivatingTpm, now: Date): Buffer {
    const key = this.challengeKey(registrationId, tpm.endorsementKey, windowAt(now.getTime()));
    return this.blob(registrationId, tpm, key);
  }

  /** Whether a token was signed with the key of a challenge that is still open. `endorsementKey`: base64. */
  hasSigned(token: SasToken, registrationId: string, endorsementKey: string, now: Date): boolean {
    const nowMs = now.getTime();
    // The challenge may come from a process whose clock is ahead.
    const windows = new Set([nowMs, nowMs - TPM_CHALLENGE_WINDOW_MS, nowMs + CLOCK_SKEW_MS].map(windowAt));
    return [...windows].some((window) => isSignedBy(token, this.challengeKey(registrationId, endorsementKey, window)));
  }

  /** What the device authenticates with at the hub that this operation assigns; base64. */
  hubKey(operationId: string): string {
    return this.derivedHubKey(operationId).toString('base64');
  }

  /** base64 of the activation blob with the hub key; undefined unless a device with a TPM is assigned. */
  hubKeyBlob(state: RegistrationState): string | undefined {
    if (state.status !== 'assigned' || state.tpm === null) return undefined;
    return this.blob(state.registrationId, state.tpm, this.derivedHubKey(state.operationId)).toString('base64');
  }

  /** Anew for each operation, and thus for each registration. */
  private derivedHubKey(operationId: string): Buffer {
    return this.secrets.deriveKey(HUB_KEY, operationId);
  }

  private challengeKey(registrationId: string, endorsementKey: string, window: number): Buffer {
    return this.secrets.deriveKey(CHALLENGE, registrationId.toLowerCase(), endorsementKey, String(window));
  }

  private blob(registrationId: string, tpm: ActivatingTpm, key: Buffer): Buffer {
    const [endorsementKey, storageRootKey] = [
      readableKey(registrationId, tpm.endorsementKey, 'endorsement key'),
      readableKey(registrationId, tpm.storageRootKey, 'storage root key'),
    ];
    if (!isBoundToTpm(storageRootKey)) {
      throw AttestationRefused.because('tpm', `${registrationId}: the storage root key is not one that stays in its TPM`);
    }
    return buildActivationBlob({ endorsementKey, storageRootKey, key, uri: `${this.idScope}/registrations/${registrationId}` });
  }
}

function windowAt(timeMs: number): number {
  return Math.floor(timeMs / TPM_CHALLENGE_WINDOW_MS);
}

function readableKey(registrationId: string, publicArea: string, what: string): TpmStorageKey {
  const reading = readTpmStorageKey(Buffer.from(publicArea, 'base64'));
  if (!reading.readable) throw AttestationRefused.because('tpm', `${registrationId}: ${what}: ${reading.reason}`);
  return reading.key;
}
