import { Registry, Twin } from 'azure-iothub';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import {
  Answer,
  Endpoint,
  call,
  hostNameIn,
  hubRegistry,
  registerDevice,
  reportProperties,
  serviceClient,
} from '@test/support/clients';
import { ServiceFacts } from '@test/support/service-process';

export interface TwinContent {
  readonly tags: unknown;
  readonly desired: unknown;
  readonly reported: unknown;
}

/** The running service as the demo's people and devices see it, all through the unmodified SDK packages. */
export class Fleet {
  readonly service: ProvisioningServiceClient;
  readonly hubs: readonly string[];
  private readonly registries: ReadonlyMap<string, Registry>;
  private readonly endpoint: Endpoint;

  constructor(private readonly facts: ServiceFacts) {
    this.endpoint = { port: facts.port, ca: facts.ca };
    this.service = serviceClient(this.endpoint, facts.serviceConnectionString);
    this.hubs = facts.hubConnectionStrings.map(hostNameIn);
    this.registries = new Map(facts.hubConnectionStrings.map((text) => [hostNameIn(text), hubRegistry(this.endpoint, text)]));
  }

  /** The hub that the device is told. */
  async register(registrationId: string, key: string): Promise<{ hub: string; substatus: string }> {
    const result = await registerDevice(this.endpoint, this.facts.endpoint, { idScope: this.facts.idScope, registrationId, key });
    const { substatus = '' } = result as { substatus?: string };
    return { hub: result.assignedHub, substatus };
  }

  report(hub: string, deviceId: string, key: string, properties: object): Promise<void> {
    return reportProperties(this.endpoint, hub, deviceId, key, properties);
  }

  registry(hub: string): Registry {
    const registry = this.registries.get(hub);
    if (registry === undefined) throw new Error(`${hub} is not one of the demo's hubs`);
    return registry;
  }

  async twin(hub: string, deviceId: string): Promise<TwinContent> {
    const { responseBody: twin } = await this.registry(hub).getTwin(deviceId);
    return { tags: twin.tags, desired: valuesOf(twin.properties.desired), reported: valuesOf(twin.properties.reported) };
  }

  async has(hub: string, deviceId: string): Promise<boolean> {
    try {
      await this.registry(hub).get(deviceId);
      return true;
    } catch (error) {
      if ((error as Error).name === 'DeviceNotFoundError') return false;
      throw error;
    }
  }

  /** A question to the management API. */
  async ask(path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.facts.apiToken}` };
    const answer: Answer = await call(this.endpoint, {
      method: 'GET',
      host: this.facts.endpoint,
      path: `/api/v1${path}`,
      headers,
    });
    if (answer.status !== 200) throw new Error(`GET /api/v1${path}: ${answer.status} ${answer.text}`);
    return answer.json();
  }
}

/** A section without `$metadata` and `$version`. */
function valuesOf(section: Twin['properties']['desired']): unknown {
  return Object.fromEntries(Object.entries(section as Record<string, unknown>).filter(([name]) => !name.startsWith('$')));
}
