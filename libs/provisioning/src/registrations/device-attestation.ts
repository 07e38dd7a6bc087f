import { DeviceTokenReading, KeyName, KeyPair, matchGroupKeys, matchIndividualKeys, readDeviceToken } from '@app/attestation';
import { EventStore } from '@app/event-sourcing';
import { PresentEnrollment } from '../enrollments/enrollment.decider';
import { EnrollmentGroupsDirectory } from '../enrollments/enrollment-groups.directory';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { DpsError } from '../shared/dps-error';
import { SealedSecret } from '../shared/shapes';
import { SecretBox } from '../shared/secret-box';
import type { Clock } from '../shared/tokens';
import { DeviceCall } from './registrations.dto';

/** How long a device that fits no group waits for groups that were just created. */
const DIRECTORY_WAIT_MS = 2_000;

type SasToken = Extract<DeviceTokenReading, { readable: true }>['token'];

/** The enrollment that vouches for a device, and by which of its keys. */
export interface AttestedDevice extends PresentEnrollment {
  readonly key: KeyName | null;
}

/**
 * Whether a device is who it says (wire contract §3): its individual enrollment decides alone if there is one; otherwise the group
 * whose key derives the device's key. The first match decides, also when it is disabled. The device learns nothing from a refusal;
 * the log says which check failed.
 */
export class DeviceAttestation {
  constructor(
    private readonly store: EventStore,
    private readonly enrollments: EnrollmentReader,
    private readonly groups: EnrollmentGroupsDirectory,
    private readonly secrets: SecretBox,
    private readonly idScope: string,
    private readonly clock: Clock,
  ) {}

  /** Errors: `DpsError` 401002, or 404201 when nothing here could know the device. */
  async attest({ registrationId, presented, client: { idScope } }: DeviceCall): Promise<AttestedDevice> {
    if (idScope.toLowerCase() !== this.idScope.toLowerCase())
      throw DpsError.unauthorized('the id scope is not the one of this instance');
    const reading = readDeviceToken(presented.authorization, { idScope, registrationId, now: this.clock() });
    if (!reading.readable) throw DpsError.unauthorized(`${registrationId}: ${reading.reason}`);
    const individual = await this.enrollments.find('individual', registrationId);
    if (individual !== undefined) return this.attestIndividual(individual, reading.token);
    return (
      (await this.attestByGroup(registrationId, reading.token)) ?? (await this.attestByNewGroup(registrationId, reading.token))
    );
  }

  private attestIndividual(enrollment: PresentEnrollment, token: SasToken): AttestedDevice {
    const { attestation, id } = enrollment.entry;
    if (attestation.type !== 'symmetricKey') {
      throw DpsError.unauthorized(
        `${id}: the individual enrollment attests by ${attestation.type}, the device came with a SAS token`,
      );
    }
    const key = matchIndividualKeys(token, this.keysOf(attestation));
    if (key === undefined) throw DpsError.unauthorized(`${id}: the signature fits neither key of the individual enrollment`);
    return { ...enrollment, key };
  }

  private async attestByGroup(registrationId: string, token: SasToken): Promise<AttestedDevice | undefined> {
    for (const known of this.groups.list()) {
      if (matchGroupKeys(token, this.keysOf(known), registrationId) === undefined) continue;
      // The directory may be a moment behind; what the group's stream says now decides.
      const group = await this.enrollments.find('group', known.enrollmentGroupId);
      if (group?.entry.attestation.type !== 'symmetricKey') continue;
      const key = matchGroupKeys(token, this.keysOf(group.entry.attestation), registrationId);
      if (key !== undefined) return { ...group, key };
    }
    return undefined;
  }

  /** Before saying no, makes sure that every group that exists by now has been looked at. */
  private async attestByNewGroup(registrationId: string, token: SasToken): Promise<AttestedDevice> {
    await this.groups.caughtUpTo(await this.store.headPosition(), DIRECTORY_WAIT_MS);
    const attested = await this.attestByGroup(registrationId, token);
    if (attested !== undefined) return attested;
    if (this.groups.list().length === 0)
      throw new DpsError(404201, 'Registration not found.', `${registrationId}: no enrollment and no group`);
    throw DpsError.unauthorized(`${registrationId}: no individual enrollment, and the signature fits no group`);
  }

  private keysOf({ primaryKey, secondaryKey }: { primaryKey: SealedSecret; secondaryKey: SealedSecret }): KeyPair {
    return {
      primary: Buffer.from(this.secrets.open(primaryKey), 'base64'),
      secondary: Buffer.from(this.secrets.open(secondaryKey), 'base64'),
    };
  }
}
