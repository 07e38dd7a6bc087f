import { Agent } from 'node:https';
import { Http as HttpBase } from 'azure-iot-http-base';
import { ProvisioningDeviceClient } from 'azure-iot-provisioning-device';
import { Http } from 'azure-iot-provisioning-device-http';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { registerOverAmqp } from './amqp-devices';
import { agentOf } from './clients';
import { registerOverMqtt } from './mqtt-devices';
import { RunningService } from './running-service';
import { SoftwareTpm } from './software-tpm';
import { TpmSecurity } from './tpm-security';
import { Credential, registerOverMqttWithSdk } from './x509-devices';

export const transports = ['Http', 'Mqtt', 'MqttWs', 'Amqp', 'AmqpWs'] as const;
export type Transport = (typeof transports)[number];

/** What a device proves itself with: a key (base64), a certificate with its key, or a TPM. */
export type Secret = string | Credential | SoftwareTpm;

export interface SdkRegistration {
  readonly transport: Transport;
  readonly registrationId: string;
  readonly secret: Secret;
  /** An address of this machine to call from; over Http alone. */
  readonly localAddress?: string;
}

export interface Assignment {
  readonly assignedHub: string;
  readonly deviceId: string;
  readonly substatus: string;
}

/** What a device needs to know of the service. */
export type DeviceDoors = Pick<RunningService, 'facts' | 'endpoint' | 'host'>;

type SecurityClient = Parameters<typeof ProvisioningDeviceClient.create>[3];

/** Registers with the unmodified device SDK over any transport, with any proof; rejects with what the SDK rejects with. */
export async function registerBySdk(service: DeviceDoors, registration: SdkRegistration): Promise<Assignment> {
  const result = (await resultOf(service, registration)) as Partial<Assignment> & { readonly registrationState?: object };
  // With a TPM the SDK gives the whole operation, otherwise the state of the registration.
  const { assignedHub = '', deviceId = '', substatus = '' }: Partial<Assignment> = result.registrationState ?? result;
  return { assignedHub, deviceId, substatus };
}

function resultOf(service: DeviceDoors, registration: SdkRegistration): Promise<object> {
  const { transport, registrationId, secret } = registration;
  switch (transport) {
    case 'Http':
      return registerOverHttp(service, registration);
    case 'Mqtt':
    case 'MqttWs':
      if (secret instanceof SoftwareTpm) throw new Error('the SDK has no TPM over MQTT');
      return typeof secret === 'string'
        ? registerOverMqtt(service, { transport, registrationId, key: secret })
        : registerOverMqttWithSdk(service, transport, registrationId, secret);
    case 'Amqp':
    case 'AmqpWs':
      return registerOverAmqp(service, { transport, registrationId, key: secret });
  }
}

async function registerOverHttp(service: DeviceDoors, registration: SdkRegistration): Promise<object> {
  const { registrationId, secret, localAddress } = registration;
  const shared = agentOf(service.endpoint);
  const agent = localAddress === undefined ? shared : new Agent({ ...shared.options, localAddress, keepAlive: false });
  const base = new HttpBase();
  base.setOptions({ http: { agent } });
  const security = securityOf(registrationId, secret) as SecurityClient;
  const client = ProvisioningDeviceClient.create(service.host, service.facts.idScope, new Http(base), security);
  const result = await client.register();
  if (result === undefined) throw new Error('the SDK gave no result');
  return result;
}

function securityOf(registrationId: string, secret: Secret): unknown {
  if (typeof secret === 'string') return new SymmetricKeySecurityClient(registrationId, secret);
  return secret instanceof SoftwareTpm ? new TpmSecurity(registrationId, secret) : new X509Security(registrationId, secret);
}
