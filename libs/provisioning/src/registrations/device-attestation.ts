import { DeviceTokenReading, KeyName, KeyPair, matchGroupKeys, matchIndividualKeys, readDeviceToken } from '@app/attestation';
import { EventStore } from '@app/event-sourcing';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { EnrollmentGroupsDirectory } from '../enrollments/enrollment-groups.directory';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { SealedSecret } from '../shared/shapes';
import { DpsError } from '../shared/dps-error';
import { SecretBox } from '../shared/secret-box';
import type { Clock } from '../shared/tokens';
import { AttestationRefused } from './attestation-refused';
import { CertificateAttestation, CertifiedDevice, refusal } from './certificate-attestation';
import { ActivatingTpm, PresentedCertificate } from './registration.events';
import { DeviceCall } from './registrations.dto';
import { TpmAttestation } from './tpm-attestation';

/** How long a device that fits no group waits for groups that were just created. */
const DIRECTORY_WAIT_MS = 2_000;

type SasToken = Extract<DeviceTokenReading, { readable: true }>['token'];

/** The enrollment that vouches for a device, and by which of its keys or certificates. */
export interface AttestedDevice extends PresentEnrollment {
  readonly key: KeyName | null;
  /** Null for a device that came without a certificate, or with one that did not count. */
  readonly x509: PresentedCertificate | null;
  /** The keys its TPM activates the key for its hub with. */
  readonly tpm: ActivatingTpm | null;
}

export interface AttestationParts {
  readonly store: EventStore;
  readonly enrollments: EnrollmentReader;
  readonly groups: EnrollmentGroupsDirectory;
  readonly certificates: CertificateAttestation;
  readonly tpm: TpmAttestation;
  readonly secrets: SecretBox;
  readonly idScope: string;
  readonly clock: Clock;
  /** Told of every device that did not prove who it is. */
  readonly onRefused: (call: DeviceCall, refused: AttestationRefused) => void;
}

/**
 * Whether a device is who it says (wire contract §3): its individual enrollment decides alone if there is one; otherwise the group
 * whose key derives the device's key, or whose certificate is the nearest above the device's. The first match decides, also when it
 * is disabled. The device learns nothing from a refusal; operators learn which check failed.
 */
export class DeviceAttestation {
  constructor(private readonly parts: AttestationParts) {}

  /** Errors: `AttestationRefused`: 401002, or 404201 when nothing here could know the device. */
  attest(call: DeviceCall): Promise<AttestedDevice> {
    return this.watched(call, () => this.attested(call));
  }

  /** As `attest`, for a device that is to get a key for its hub: one with a TPM must say which key it activates that with. */
  attestToRegister(call: DeviceCall): Promise<AttestedDevice> {
    return this.watched(call, async () => {
      const device = await this.attested(call);
      if (device.entry.attestation.type === 'tpm' && device.tpm === null) {
        throw AttestationRefused.because('tpm', `${call.registrationId}: the device names no storage root key`);
      }
      return device;
    });
  }

  private async watched(call: DeviceCall, attest: () => Promise<AttestedDevice>): Promise<AttestedDevice> {
    try {
      return await attest();
    } catch (error) {
      if (error instanceof AttestationRefused) this.parts.onRefused(call, error);
      throw error;
    }
  }

  private async attested(call: DeviceCall): Promise<AttestedDevice> {
    const { registrationId, client } = call;
    if (client.idScope.toLowerCase() !== this.parts.idScope.toLowerCase()) {
      throw AttestationRefused.because('id-scope', 'the id scope is not the one of this instance');
    }
    const individual = await this.parts.enrollments.findRecent('individual', registrationId);
    if (individual !== undefined) return this.attestIndividual(individual, call);
    const { authorization, certificates, tpm } = call.presented;
    if (authorization === undefined && tpm !== null) {
      throw AttestationRefused.unknown(`${registrationId}: no individual enrollment for a TPM`);
    }
    // A device that sends both has a token for its group's key; its certificate may be for something else.
    if (authorization === undefined && certificates.length > 0) return this.attestByCertificate(call);
    const token = this.tokenOf(call);
    return (await this.attestByGroup(registrationId, token)) ?? (await this.attestByNewGroup(registrationId, token));
  }

  private async attestIndividual(enrollment: PresentEnrollment, call: DeviceCall): Promise<AttestedDevice> {
    const { attestation, id } = enrollment.entry;
    switch (attestation.type) {
      case 'symmetricKey': {
        const key = matchIndividualKeys(this.tokenOf(call), this.keysOf(attestation));
        if (key === undefined) {
          throw AttestationRefused.because('key', `${id}: the signature fits neither key of the individual enrollment`);
        }
        return { ...enrollment, key, x509: null, tpm: null };
      }
      case 'x509': {
        const { certificates } = call.presented;
        return this.certified(
          await this.parts.certificates.attestIndividual(enrollment, attestation, certificates, this.parts.clock()),
        );
      }
      case 'tpm':
        return this.parts.tpm.attest(enrollment, attestation, call);
    }
  }

  private certified(device: CertifiedDevice): AttestedDevice {
    return { ...device, tpm: null };
  }

  private tokenOf({ registrationId, presented, client: { idScope } }: DeviceCall): SasToken {
    const { authorization } = presented;
    const reading = readDeviceToken(authorization, { idScope, registrationId, now: this.parts.clock() });
    if (!reading.readable) throw AttestationRefused.because('token', `${registrationId}: ${reading.reason}`);
    return reading.token;
  }

  private async attestByCertificate({ registrationId, presented }: DeviceCall): Promise<AttestedDevice> {
    const attempt = () => this.parts.certificates.attestByGroup(registrationId, presented.certificates, this.parts.clock());
    const first = await attempt();
    if (!('check' in first)) return this.certified(first);
    await this.untilDirectoryKnowsAll();
    const second = await attempt();
    if ('check' in second) throw refusal(registrationId, second);
    return this.certified(second);
  }

  private async attestByGroup(registrationId: string, token: SasToken): Promise<AttestedDevice | undefined> {
    for (const known of this.parts.groups.list()) {
      if (matchGroupKeys(token, this.keysOf(known), registrationId) === undefined) continue;
      // The directory may be a moment behind; what the group's stream says now decides.
      const group = await this.parts.enrollments.findRecent('group', known.enrollmentGroupId);
      if (group?.entry.attestation.type !== 'symmetricKey') continue;
      const key = matchGroupKeys(token, this.keysOf(group.entry.attestation), registrationId);
      if (key !== undefined) return { ...group, key, x509: null, tpm: null };
    }
    return undefined;
  }

  /** Before saying no, makes sure that every group that exists by now has been looked at. */
  private async attestByNewGroup(registrationId: string, token: SasToken): Promise<AttestedDevice> {
    await this.untilDirectoryKnowsAll();
    const attested = await this.attestByGroup(registrationId, token);
    if (attested !== undefined) return attested;
    if (this.parts.groups.list().length === 0) {
      throw AttestationRefused.unknown(`${registrationId}: no enrollment and no group with symmetric keys`);
    }
    throw AttestationRefused.because('key', `${registrationId}: no individual enrollment, and the signature fits no group`);
  }

  private async untilDirectoryKnowsAll(): Promise<void> {
    const { store, groups } = this.parts;
    if (await groups.caughtUpTo(await store.headPosition(), DIRECTORY_WAIT_MS)) return;
    // Not a refusal: a device that is told it is unknown may give up for good, and its group may be among those not read yet.
    throw new DpsError(503001, 'Service unavailable.', 'the enrollment groups are still being read from the log');
  }

  private keysOf({ primaryKey, secondaryKey }: { primaryKey: SealedSecret; secondaryKey: SealedSecret }): KeyPair {
    const { secrets } = this.parts;
    return {
      primary: Buffer.from(secrets.open(primaryKey), 'base64'),
      secondary: Buffer.from(secrets.open(secondaryKey), 'base64'),
    };
  }
}
