import { randomBytes } from 'node:crypto';
import { issue } from './certificates';
import { deviceKeyOf } from './clients';
import { HubDevice } from './hub-device';
import { RunningService } from './running-service';
import { Assignment, Secret, Transport, registerBySdk } from './sdk-devices';
import { ActivatedKey, SoftwareTpm } from './software-tpm';
import { credentialOf } from './x509-devices';

export const attestations = [
  'symmetric key, individual',
  'symmetric key, group',
  'X.509, individual',
  'X.509, group by root, leaf alone',
  'X.509, group by root, leaf and intermediate',
  'TPM, individual',
] as const;
export type Attestation = (typeof attestations)[number];

interface Proof {
  /** As the enrollment has it, keys included. */
  readonly attestation: object;
  readonly secret: Secret;
}

/** One device with its enrollment, or alone in its group, whatever it proves itself with. */
export class AttestedDevice {
  private saved = false;

  private constructor(
    private readonly service: RunningService,
    private readonly kind: Attestation,
    readonly registrationId: string,
    private readonly proof: Proof,
  ) {}

  static async make(service: RunningService, kind: Attestation, registrationId: string): Promise<AttestedDevice> {
    return new AttestedDevice(service, kind, registrationId, await proofOf(kind, registrationId));
  }

  /** Creates the enrollment, or writes over it. */
  async save(settings: object): Promise<void> {
    const { registrationId, proof, service } = this;
    const { administrator } = service;
    const entry = { attestation: proof.attestation, ...settings, ...(this.saved ? { etag: '*' } : {}) };
    if (this.kind.includes('group')) {
      await administrator.createOrUpdateEnrollmentGroup({ enrollmentGroupId: `of-${registrationId}`, ...entry } as never);
    } else await administrator.createOrUpdateIndividualEnrollment({ registrationId, ...entry } as never);
    this.saved = true;
  }

  register(transport: Transport): Promise<Assignment> {
    const { registrationId, proof } = this;
    return registerBySdk(this.service, { transport, registrationId, secret: proof.secret });
  }

  /** Comes to its hub over MQTT by the device SDK, with what it registered with, and reports. */
  async reportAt(hub: string, reported: object): Promise<void> {
    const doors = { ...this.service.endpoint, mqttPort: this.service.facts.mqttPort };
    const device = await HubDevice.connect({ doors, hub, deviceId: this.registrationId, ...this.hubProof() });
    try {
      await device.report(await device.twin(), reported);
    } finally {
      await device.close();
    }
  }

  private hubProof(): { key: string } | { x509: { cert: string; key: string } } {
    const { secret } = this.proof;
    if (typeof secret === 'string') return { key: secret };
    return secret instanceof RememberingTpm ? { key: secret.lastKey } : { x509: secret as { cert: string; key: string } };
  }
}

/** A TPM whose last activated key can be had: after a registration the one for the hub. */
class RememberingTpm extends SoftwareTpm {
  /** base64 */
  lastKey = '';

  override activate(blob: Buffer): ActivatedKey {
    const activated = super.activate(blob);
    this.lastKey = activated.key.toString('base64');
    return activated;
  }
}

async function proofOf(kind: Attestation, registrationId: string): Promise<Proof> {
  switch (kind) {
    case 'symmetric key, individual':
    case 'symmetric key, group': {
      const [primaryKey, secondaryKey] = [newKey(), newKey()];
      const secret = kind === 'symmetric key, group' ? deviceKeyOf(primaryKey, registrationId) : primaryKey;
      return { attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } }, secret };
    }
    case 'X.509, individual': {
      const own = await issue({ name: registrationId });
      return { attestation: x509({ clientCertificates: { primary: { certificate: own.pem } } }), secret: credentialOf(own) };
    }
    case 'X.509, group by root, leaf alone':
    case 'X.509, group by root, leaf and intermediate': {
      const root = await issue({ name: `root of ${registrationId}`, authority: true });
      const attestation = x509({ signingCertificates: { primary: { certificate: root.pem } } });
      if (kind === 'X.509, group by root, leaf alone') {
        return { attestation, secret: credentialOf(await issue({ name: registrationId, issuer: root })) };
      }
      const issuer = await issue({ name: `intermediate of ${registrationId}`, issuer: root, authority: true });
      return { attestation, secret: credentialOf(await issue({ name: registrationId, issuer }), issuer) };
    }
    case 'TPM, individual': {
      const tpm = new RememberingTpm();
      return { attestation: { type: 'tpm', tpm: { endorsementKey: tpm.endorsementKey } }, secret: tpm };
    }
  }
}

function newKey(): string {
  return randomBytes(64).toString('base64');
}

function x509(certificates: object): object {
  return { type: 'x509', x509: certificates };
}
