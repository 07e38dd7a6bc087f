import { createHmac } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Http as HttpBase } from 'azure-iot-http-base';
import { ProvisioningDeviceClient, RegistrationResult } from 'azure-iot-provisioning-device';
import { Http } from 'azure-iot-provisioning-device-http';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { Client as HubClient, Registry } from 'azure-iothub';

/** Where the service listens on this machine, and whom to trust. */
export interface Endpoint {
  readonly port: number;
  /** PEM text. */
  readonly ca: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

export interface Call {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown;
  /** An address of this machine to call from. */
  readonly localAddress?: string | undefined;
}

const TOKEN_SECONDS = 3600;
const SOCKETS_MAX = 64;

/** Every name is this machine: plain Debian does not resolve `*.localhost`. */
const lookup: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

const agents = new Map<string, Agent>();

/** One keep-alive agent for each endpoint: what points unmodified SDK clients at another port (wire contract §8). */
export function agentOf({ port, ca }: Endpoint): Agent {
  const key = `${port} ${ca}`;
  const agent = agents.get(key) ?? new Agent({ port, ca, lookup, keepAlive: true, maxSockets: SOCKETS_MAX });
  agents.set(key, agent);
  return agent;
}

/** Ends the idle connections of all agents, so that a test process can end. */
export function closeAgents(): void {
  for (const agent of agents.values()) agent.destroy();
  agents.clear();
}

export interface DeviceIdentity {
  readonly idScope: string;
  readonly registrationId: string;
  /** base64 */
  readonly key: string;
}

/** The packages ship types of each other at different versions; at run time they fit. */
type SecurityClient = Parameters<typeof ProvisioningDeviceClient.create>[3];

/** Registers with the unmodified device SDK over HTTP; the promise rejects with the SDK's own errors. */
export async function registerDevice(
  endpoint: Endpoint,
  host: string,
  device: DeviceIdentity,
  payload?: object,
): Promise<RegistrationResult> {
  const base = new HttpBase();
  base.setOptions({ http: { agent: agentOf(endpoint) } });
  const security = new SymmetricKeySecurityClient(device.registrationId, device.key);
  const client = ProvisioningDeviceClient.create(host, device.idScope, new Http(base), security as unknown as SecurityClient);
  if (payload !== undefined) client.setProvisioningPayload(payload);
  const result = await client.register();
  if (result === undefined) throw new Error('the SDK gave no result');
  return result;
}

interface HasRestClient {
  _restApiClient: { setOptions(options: object): void };
}

/** The unmodified service SDK against this endpoint. */
export function serviceClient(endpoint: Endpoint, connectionString: string): ProvisioningServiceClient {
  const client = ProvisioningServiceClient.fromConnectionString(connectionString);
  (client as unknown as HasRestClient)._restApiClient.setOptions({ http: { agent: agentOf(endpoint) } });
  return client;
}

/** The unmodified hub SDK against this endpoint. */
export function hubRegistry(endpoint: Endpoint, connectionString: string): Registry {
  const registry = Registry.fromConnectionString(connectionString);
  (registry as unknown as HasRestClient)._restApiClient.setOptions({ http: { agent: agentOf(endpoint) } });
  return registry;
}

/** The unmodified back-end client of a hub, for direct methods over HTTP. */
export function hubClient(endpoint: Endpoint, connectionString: string): HubClient {
  const client = HubClient.fromConnectionString(connectionString);
  (client as unknown as HasRestClient)._restApiClient.setOptions({ http: { agent: agentOf(endpoint) } });
  return client;
}

export function hostNameIn(connectionString: string): string {
  return /HostName=([^;]+)/.exec(connectionString)?.[1] ?? '';
}

/** The key of one device of a group, as devices compute it. */
export function deviceKeyOf(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}

/** A SAS token as most SDKs make it: the resource is signed as it is sent, percent-encoded. */
export function sasToken(resource: string, key: string, keyName?: string, lifetimeSeconds = TOKEN_SECONDS): string {
  const sr = encodeURIComponent(resource);
  const se = Math.floor(Date.now() / 1000) + lifetimeSeconds;
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${se}`).digest('base64');
  const named = keyName === undefined ? '' : `&skn=${encodeURIComponent(keyName)}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}${named}`;
}

/** A request as no SDK sends it. */
export function call(endpoint: Endpoint, { method, host, path, headers, body, localAddress }: Call): Promise<Answer> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const length =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      { method, host, path, agent: agentOf(endpoint), port: endpoint.port, localAddress, headers: { ...length, ...headers } },
      (response) => {
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
      },
    );
    sent.on('error', reject).end(text);
  });
}

export interface OperationAnswer {
  readonly operationId: string;
  readonly status: string;
  readonly registrationState: Readonly<Record<string, unknown>>;
}

const POLLS_MAX = 400;
const POLL_PAUSE_MS = 25;

/** Registers as a client of any age would, polling until the operation ends. Throws on an HTTP error. */
export async function registerRaw(
  endpoint: Endpoint,
  host: string,
  device: DeviceIdentity,
  apiVersion: string,
): Promise<OperationAnswer> {
  const { idScope, registrationId, key } = device;
  const headers = { authorization: sasToken(`${idScope}/registrations/${registrationId}`, key, 'registration') };
  const base = `/${idScope}/registrations/${registrationId}`;
  const first = { method: 'PUT', host, path: `${base}/register?api-version=${apiVersion}`, headers, body: { registrationId } };
  let answer = operationIn(await call(endpoint, first));
  for (let poll = 0; answer.status === 'assigning' && poll < POLLS_MAX; poll++) {
    await new Promise((resolve) => setTimeout(resolve, POLL_PAUSE_MS));
    const path = `${base}/operations/${answer.operationId}?api-version=${apiVersion}`;
    answer = operationIn(await call(endpoint, { method: 'GET', host, path, headers }));
  }
  return answer;
}

function operationIn(answer: Answer): OperationAnswer {
  if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json() as OperationAnswer;
}

/** A device writes its reported properties at its hub, with its own token. */
export async function reportProperties(
  endpoint: Endpoint,
  hub: string,
  deviceId: string,
  key: string,
  patch: object,
): Promise<void> {
  const id = encodeURIComponent(deviceId);
  const headers = { authorization: sasToken(`${hub}/devices/${deviceId}`, key) };
  const path = `/devices/${id}/properties/reported?api-version=2021-04-12`;
  const answer = await call(endpoint, { method: 'PATCH', host: hub, path, headers, body: patch });
  if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`);
}
