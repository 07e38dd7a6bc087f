import { Amqp as AmqpBase } from 'azure-iot-amqp-base';
import { X509 } from 'azure-iot-common';
import { ProvisioningDeviceClient } from 'azure-iot-provisioning-device';
import { Amqp, AmqpWs } from 'azure-iot-provisioning-device-amqp';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { agentOf } from './clients';
import type { Registered } from './mqtt-devices';
import type { RunningService } from './running-service';
import { SoftwareTpm } from './software-tpm';
import { TpmSecurity } from './tpm-security';

export type AmqpTransport = 'Amqp' | 'AmqpWs';

type SecurityClient = Parameters<typeof ProvisioningDeviceClient.create>[3];
type Base = ConstructorParameters<typeof Amqp>[0];

export interface AmqpRegistration {
  readonly transport: AmqpTransport;
  readonly registrationId: string;
  /** base64, or a certificate with its key in PEM, or a TPM. */
  readonly key: string | X509 | SoftwareTpm;
  readonly payload?: object;
}

/** Where the SDK's AMQP base connects from its URI alone; a CA is what these transports have no option for. */
interface ConnectConfig {
  sslOptions?: Record<string, unknown>;
}

/** The SDK's own AMQP base, with the CA that its transports would take from the environment of the process. */
class TrustingBase extends AmqpBase {
  constructor(private readonly ca: string) {
    super(true);
  }

  override connect(config: Parameters<AmqpBase['connect']>[0], callback: Parameters<AmqpBase['connect']>[1]): void {
    const { sslOptions } = config as ConnectConfig;
    super.connect({ ...config, sslOptions: { ...sslOptions, ca: this.ca } }, callback);
  }
}

/** Registers with the unmodified device SDK over AMQP; rejects with the SDK's own errors. */
export async function registerOverAmqp(
  service: Pick<RunningService, 'facts' | 'endpoint'>,
  { transport, registrationId, key, payload }: AmqpRegistration,
): Promise<Registered> {
  const { facts, endpoint } = service;
  const base = new TrustingBase(endpoint.ca) as unknown as Base;
  const door = transport === 'Amqp' ? new Amqp(base) : new AmqpWs(base);
  if (transport === 'AmqpWs') door.setTransportOptions({ webSocketAgent: agentOf(endpoint) });
  const host = transport === 'Amqp' ? `${facts.endpoint}:${facts.amqpPort}` : facts.endpoint;
  const security = securityOf(registrationId, key);
  const client = ProvisioningDeviceClient.create(host, facts.idScope, door, security as SecurityClient);
  if (payload !== undefined) client.setProvisioningPayload(payload);
  const result = await client.register();
  if (result === undefined) throw new Error('the SDK gave no result');
  return result;
}

function securityOf(registrationId: string, key: AmqpRegistration['key']): unknown {
  if (typeof key === 'string') return new SymmetricKeySecurityClient(registrationId, key);
  return key instanceof SoftwareTpm ? new TpmSecurity(registrationId, key) : new X509Security(registrationId, key);
}
