import { deriveDeviceKey } from '@app/attestation';
import { DeviceCredentials, HubConnection } from '@app/hub-gateway';
import { EnrollmentReader, enrollmentStream } from '../enrollments/enrollment.reader';
import { LinkedHubs } from '../hubs/linked-hubs';
import { SecretBox } from '../shared/secret-box';
import { AssignmentFacts } from './assignment.process';
import { Assigning } from './registration.state';
import { TpmKeys } from './tpm-keys';

/** Credentials and connections in clear, in memory only, from what the log keeps sealed. */
export class StoredAssignmentFacts implements AssignmentFacts {
  constructor(
    private readonly enrollments: EnrollmentReader,
    private readonly hubs: LinkedHubs,
    private readonly secretBox: SecretBox,
    private readonly tpmKeys: TpmKeys,
  ) {}

  /** From the enrollment as the operation saw it, so that a change made meanwhile belongs to the next registration. */
  async credentialsOf({ operationId, enrollment, registrationId, x509, tpm }: Assigning): Promise<DeviceCredentials> {
    if (tpm !== null) {
      const key = this.tpmKeys.hubKey(operationId);
      return { type: 'sas', primaryKey: key, secondaryKey: key };
    }
    if (x509 !== null) {
      const { sha1Thumbprint } = x509.certificateInfo;
      return { type: 'selfSigned', primaryThumbprint: sha1Thumbprint, secondaryThumbprint: sha1Thumbprint };
    }
    const stream = enrollmentStream(enrollment.kind, enrollment.id);
    const state = await this.enrollments.states.readAt(stream, BigInt(enrollment.revision));
    if (state.status !== 'present' || state.entry.attestation.type !== 'symmetricKey') {
      throw new Error(`enrollment ${enrollment.kind} ${enrollment.id} has no symmetric keys at revision ${enrollment.revision}`);
    }
    const { primaryKey, secondaryKey } = state.entry.attestation;
    const [primary, secondary] = [this.secretBox.open(primaryKey), this.secretBox.open(secondaryKey)];
    if (enrollment.kind === 'individual') return { type: 'sas', primaryKey: primary, secondaryKey: secondary };
    const derive = (groupKey: string): string =>
      deriveDeviceKey(Buffer.from(groupKey, 'base64'), registrationId).toString('base64');
    return { type: 'sas', primaryKey: derive(primary), secondaryKey: derive(secondary) };
  }

  connectionTo(hostName: string): Promise<HubConnection | undefined> {
    return this.hubs.connectionTo(hostName);
  }
}
