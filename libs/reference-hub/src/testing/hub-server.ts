import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStore } from '@app/event-sourcing';
import { createListener, createSocketListener, ensureAuthority, SecretBox } from '@app/platform';
import { Answer, call, closeAgents, Endpoint, hubRegistry, sasToken } from '@test/support/clients';
import { HubDoors } from '@test/support/hub-device';
import { Registry } from 'azure-iothub';
import { HubRight } from '../access/hub-access';
import { createReferenceHub, ReferenceHubOptions } from '../reference-hub';

export const HUB_A = 'hub-a.localhost';
export const HUB_B = 'hub-b.localhost';
export const OWNER_KEY = Buffer.alloc(32, 7).toString('base64');
const API_VERSION = 'api-version=2021-04-12';

/** Policies of the test hubs, all with the same key; their rights are those that IoT Hub gives to policies of these names. */
const policies: Readonly<Record<string, readonly HubRight[]>> = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  registryRead: ['RegistryRead'],
  service: ['ServiceConnect'],
};

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly host?: string;
  /** Left out when null. */
  readonly authorization?: string | null;
}

/** Two reference hubs behind one TLS listener on loopback, whose certificate is also good for `hub-c.localhost`. */
export interface HubServer {
  readonly endpoint: Endpoint;
  readonly doors: HubDoors;
  registry(hostName?: string): Registry;
  /** `path` without api-version. */
  send(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

export const ownerToken = (hostName = HUB_A): string => sasToken(hostName, OWNER_KEY, 'iothubowner');

export async function startHubServer(
  store: EventStore,
  options: Pick<ReferenceHubOptions, 'logger' | 'clock' | 'onRefused'> = {},
): Promise<HubServer> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-hub-'));
  const tls = await ensureAuthority(directory, [HUB_A, HUB_B, 'hub-c.localhost']);
  const hubs = await createReferenceHub({
    store,
    secretBox: new SecretBox(Buffer.alloc(32, 1)),
    hubs: [HUB_A, HUB_B].map((hostName) => ({
      hostName,
      policies: Object.entries(policies).map(([name, rights]) => ({ name, key: OWNER_KEY, rights })),
    })),
    ...options,
  });
  const address = '127.0.0.1';
  const listener = await createListener({
    tls,
    port: 0,
    address,
    routes: [],
    fallback: hubs.handler,
    upgrades: [{ hostNames: hubs.hostNames, protocol: 'mqtt', handle: hubs.handleMqtt }],
  });
  const mqttListener = await createSocketListener({
    tls,
    port: 0,
    portVariable: 'port',
    address,
    routes: [{ hostNames: hubs.hostNames, handle: hubs.handleMqtt }],
    fallback: ({ stream }) => stream.destroy(),
  });
  const endpoint = { port: listener.port, ca: tls.ca };
  return {
    endpoint,
    doors: { ...endpoint, mqttPort: mqttListener.port },
    registry: (hostName = HUB_A) =>
      hubRegistry(endpoint, `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${OWNER_KEY}`),
    send: (method, path, { body, headers = {}, host = HUB_A, authorization = ownerToken(host) } = {}) => {
      const authorized = authorization === null ? headers : { authorization, ...headers };
      const versioned = `${path}${path.includes('?') ? '&' : '?'}${API_VERSION}`;
      return call(endpoint, { method, host, path: versioned, headers: authorized, body });
    },
    close: async () => {
      closeAgents();
      await hubs.close();
      await mqttListener.close();
      await listener.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** The word after `ErrorCode:`; checks the form of IoT Hub's error document on the way. */
export function errorCodeOf(answer: Answer): string {
  const body = answer.json() as { Message: string; ExceptionMessage: string };
  expect(Object.keys(body)).toEqual(['Message', 'ExceptionMessage']);
  expect(body.ExceptionMessage).toMatch(/^Tracking ID:[0-9a-f-]{36}-TimeStamp:/);
  expect(answer.headers['content-type']).toContain('application/json');
  return /^ErrorCode:(\w+);[^;]+$/.exec(body.Message)?.[1] ?? `unexpected: ${body.Message}`;
}
