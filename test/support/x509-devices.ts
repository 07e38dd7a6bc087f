import { Agent, AgentOptions, request } from 'node:https';
import { Http as HttpBase } from 'azure-iot-http-base';
import { ProvisioningDeviceClient, RegistrationResult } from 'azure-iot-provisioning-device';
import { Http } from 'azure-iot-provisioning-device-http';
import { Mqtt, MqttWs } from 'azure-iot-provisioning-device-mqtt';
import { X509Security } from 'azure-iot-security-x509';
import { Answer, agentOf } from './clients';
import { TestCertificate, chainPem } from './certificates';
import { RunningService } from './running-service';

/** What a device presents: PEM of its chain, leaf first, and the key of the leaf. */
export interface Credential {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
}

export function credentialOf(leaf: TestCertificate, ...above: readonly TestCertificate[]): Credential {
  return { cert: chainPem(leaf, ...above), key: leaf.keyPem };
}

/** Registers with the unmodified SDK over HTTP, with a client certificate. */
export async function registerWithSdk(
  { endpoint, host, facts }: RunningService,
  registrationId: string,
  credential: Credential,
): Promise<RegistrationResult> {
  const base = new HttpBase();
  base.setOptions({ http: { agent: agentOf(endpoint) } });
  const security = new X509Security(registrationId, credential);
  const client = ProvisioningDeviceClient.create(host, facts.idScope, new Http(base), security);
  const result = await client.register();
  if (result === undefined) throw new Error('the SDK gave no result');
  return result;
}

const VERSION = '2019-03-31';

/** A device that speaks HTTPS over an agent of its own: keep-alive, or a new connection for each request. */
export class X509Device {
  private readonly agent: Agent;

  constructor(
    private readonly service: RunningService,
    readonly registrationId: string,
    credential: Credential,
    options: AgentOptions = {},
  ) {
    const { ca, port } = service.endpoint;
    // Level 0 lets this client send what a careful one would not.
    this.agent = new Agent({ ...credential, ca, port, ciphers: 'DEFAULT@SECLEVEL=0', keepAlive: true, ...options });
  }

  register(): Promise<Answer> {
    return this.send('PUT', `/register?api-version=${VERSION}`, { registrationId: this.registrationId });
  }

  poll(operationId: string): Promise<Answer> {
    return this.send('GET', `/operations/${operationId}?api-version=${VERSION}`);
  }

  close(): void {
    this.agent.destroy();
  }

  private send(method: string, path: string, body?: object): Promise<Answer> {
    const { endpoint, host, facts } = this.service;
    const { agent, registrationId } = this;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) };
    const full = `/${facts.idScope}/registrations/${registrationId}${path}`;
    return new Promise((resolve, reject) => {
      const options = { method, agent, headers: { ...headers, host }, path: full };
      const sent = request({ ...options, host: '127.0.0.1', servername: host, port: endpoint.port }, (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
        response.on('error', reject).on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: received,
            json: () => JSON.parse(received) as unknown,
          }),
        );
      });
      sent.on('error', reject).end(text);
    });
  }
}

interface HasBase {
  readonly _mqttBase: { setOptions(options: object): void };
}

/** The same over MQTT, on its own port or over WebSocket. */
export async function registerOverMqttWithSdk(
  { endpoint, facts }: Pick<RunningService, 'endpoint' | 'facts'>,
  transport: 'Mqtt' | 'MqttWs',
  registrationId: string,
  credential: Credential,
): Promise<RegistrationResult> {
  const door = transport === 'Mqtt' ? new Mqtt() : new MqttWs();
  const options = { ca: endpoint.ca, mqtt: { webSocketAgent: agentOf(endpoint) } };
  (door as unknown as HasBase)._mqttBase.setOptions(transport === 'Mqtt' ? { ca: endpoint.ca } : options);
  const host = transport === 'Mqtt' ? `${facts.endpoint}:${facts.mqttPort}` : facts.endpoint;
  const client = ProvisioningDeviceClient.create(host, facts.idScope, door, new X509Security(registrationId, credential));
  const result = await client.register();
  if (result === undefined) throw new Error('the SDK gave no result');
  return result;
}
