import { ProvisioningDeviceClient, RegistrationResult } from 'azure-iot-provisioning-device';
import { Mqtt, MqttWs } from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { agentOf } from './clients';
import type { RunningService } from './running-service';

export type MqttTransport = 'Mqtt' | 'MqttWs';

/** The SDK takes a CA and a WebSocket agent, but its provisioning transports pass no options on to the base that has them. */
interface HasBase {
  readonly _mqttBase: { setOptions(options: object): void };
}

type SecurityClient = Parameters<typeof ProvisioningDeviceClient.create>[3];

export interface MqttRegistration {
  readonly transport: MqttTransport;
  readonly registrationId: string;
  /** base64 */
  readonly key: string;
  readonly payload?: object;
}

export type Registered = RegistrationResult & { readonly substatus?: string };

/** Registers with the unmodified device SDK over MQTT; rejects with the SDK's own errors. */
export async function registerOverMqtt(
  service: Pick<RunningService, 'facts' | 'endpoint'>,
  { transport, registrationId, key, payload }: MqttRegistration,
): Promise<Registered> {
  const { facts, endpoint } = service;
  const door = transport === 'Mqtt' ? new Mqtt() : new MqttWs();
  const options = { ca: endpoint.ca, mqtt: { webSocketAgent: agentOf(endpoint) } };
  (door as unknown as HasBase)._mqttBase.setOptions(transport === 'Mqtt' ? { ca: endpoint.ca } : options);
  const host = transport === 'Mqtt' ? `${facts.endpoint}:${facts.mqttPort}` : facts.endpoint;
  const security = new SymmetricKeySecurityClient(registrationId, key) as unknown as SecurityClient;
  const client = ProvisioningDeviceClient.create(host, facts.idScope, door, security);
  if (payload !== undefined) client.setProvisioningPayload(payload);
  const result = await client.register();
  if (result === undefined) throw new Error('the SDK gave no result');
  return result;
}
