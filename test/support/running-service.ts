import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'azure-iothub';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { Answer, Endpoint, call, closeAgents, hostNameIn, hubRegistry, serviceClient } from './clients';
import { ServiceFacts, ServiceProcess, startServiceProcess } from './service-process';
import { until } from './until';

/** The built service with two reference hubs on embedded PostgreSQL, and clients for it. */
export interface RunningService {
  readonly facts: ServiceFacts;
  readonly endpoint: Endpoint;
  readonly host: string;
  readonly dataDir: string;
  readonly hubs: readonly [string, string];
  readonly administrator: ProvisioningServiceClient;
  readonly process: ServiceProcess;
  registry(hub: string): Registry;
  /** A call to the management API with the administrator's token; `path` without `/api/v1`. */
  manage(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Resolves when the read models hold all that the log held, so that a test can read what it has done. */
  caughtUp(): Promise<void>;
  /** The first line of the log with this text; waits for it a little, because a pipe takes a moment. */
  logLine(text: string): Promise<string>;
  /** Starts the same data again after the process has ended. */
  restart(env?: Readonly<Record<string, string>>): Promise<RunningService>;
  close(): Promise<void>;
}

export async function startService(env: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const directory = await mkdtemp(join(tmpdir(), 'rehome-e2e-'));
  try {
    return await running(join(directory, 'data'), env, directory);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function running(dataDir: string, env: Readonly<Record<string, string>>, directory: string): Promise<RunningService> {
  // A busy machine takes longer than a register call waits as a rule; what is about waiting says so itself.
  const process = await startServiceProcess({ dataDir, env: { REHOME_REGISTER_WAIT_MS: '10000', ...env } });
  const { facts } = process;
  const endpoint = { port: facts.port, ca: facts.ca };
  const registries = new Map(facts.hubConnectionStrings.map((text) => [hostNameIn(text), hubRegistry(endpoint, text)]));
  const [first = '', second = ''] = [...registries.keys()];
  return {
    facts,
    endpoint,
    host: facts.endpoint,
    dataDir,
    hubs: [first, second],
    administrator: serviceClient(endpoint, facts.serviceConnectionString),
    process,
    registry: (hub) => {
      const registry = registries.get(hub);
      if (registry === undefined) throw new Error(`${hub} is not one of ${[...registries.keys()].join(', ')}`);
      return registry;
    },
    manage: (method, path, body, headers) =>
      call(endpoint, {
        method,
        host: facts.endpoint,
        path: `/api/v1${path}`,
        headers: { authorization: `Bearer ${facts.apiToken}`, ...headers },
        body,
      }),
    caughtUp: () =>
      until('the read models have caught up', async () => {
        const path = '/api/v1/projections';
        const headers = { authorization: `Bearer ${facts.apiToken}` };
        const { items } = (await call(endpoint, { method: 'GET', host: facts.endpoint, path, headers })).json() as {
          items: { lagEvents: number | null }[];
        };
        return items.every(({ lagEvents }) => lagEvents === 0);
      }).then(() => undefined),
    logLine: (text) =>
      until(`the log says ${text}`, () =>
        process
          .output()
          .split('\n')
          .find((line) => line.includes(text)),
      ),
    restart: (again = env) => running(dataDir, again, directory),
    close: async () => {
      closeAgents();
      await process.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface TwinContent {
  readonly tags: unknown;
  readonly desired: unknown;
  readonly reported: unknown;
  readonly desiredVersion: number;
  readonly reportedVersion: number;
}

/** The twin at a hub by the unmodified hub SDK; undefined when the hub does not have the device. */
export async function twinAt(registry: Registry, deviceId: string): Promise<TwinContent | undefined> {
  try {
    const { responseBody: twin } = await registry.getTwin(deviceId);
    const desired = twin.properties.desired as Record<string, unknown>;
    const reported = twin.properties.reported as Record<string, unknown>;
    return {
      tags: twin.tags,
      desired: values(desired),
      reported: values(reported),
      desiredVersion: Number(desired.$version),
      reportedVersion: Number(reported.$version),
    };
  } catch (error) {
    if ((error as Error).name === 'DeviceNotFoundError') return undefined;
    throw error;
  }
}

function values(section: Record<string, unknown>): unknown {
  return Object.fromEntries(Object.entries(section).filter(([name]) => !name.startsWith('$')));
}
