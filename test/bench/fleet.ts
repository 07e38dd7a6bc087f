import { Endpoint, closeAgents, deviceKeyOf, hostNameIn, sasToken, serviceClient } from '@test/support/clients';
import { Transport, registerBySdk } from '@test/support/sdk-devices';
import { ServiceFacts } from '@test/support/service-process';
import { RawAnswer, TlsConnection } from './tls-connection';

/** A device with everything computed before the clock starts. */
export interface BenchDevice {
  readonly registrationId: string;
  readonly register: string;
  readonly headers: string;
}

interface Operation {
  readonly operationId: string;
  readonly status: string;
  readonly registrationState?: { readonly assignedHub?: string };
}

/** How a registration ended, and when its first answer came. */
export interface Provisioned {
  readonly hub: string;
  readonly acceptedAfterMs: number;
  /** Questions after the first answer; 0 when that one said where the device is. */
  readonly polls: number;
}

const API_VERSION = '2019-03-31';
const POLLS_MAX = 400;
const POLL_PAUSE_MS = 25;

/** The enrollment group whose devices make the load, and the devices' side of the wire. */
export class Fleet {
  readonly hubs: readonly string[];
  private readonly endpoint: Endpoint;
  private groupKey = '';

  constructor(
    private readonly facts: ServiceFacts,
    private readonly groupId: string,
  ) {
    this.endpoint = { port: facts.port, ca: facts.ca };
    this.hubs = facts.hubConnectionStrings.map(hostNameIn);
  }

  connect(count: number): Promise<TlsConnection[]> {
    return Promise.all(Array.from({ length: count }, () => TlsConnection.open(this.endpoint)));
  }

  /** Makes the group, or changes it, so that its devices belong to this hub and take their twins along when they move. */
  async sendTo(hub: string): Promise<void> {
    // A connection kept since the last phase may be closed by the service at this very moment.
    closeAgents();
    const client = serviceClient(this.endpoint, this.facts.serviceConnectionString);
    const group = {
      enrollmentGroupId: this.groupId,
      attestation: { type: 'symmetricKey' },
      allocationPolicy: 'static',
      iotHubs: [hub],
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
      initialTwin: { tags: { site: 'plant-7' }, properties: { desired: { intervalS: 60, threshold: { low: 1, high: 9 } } } },
    };
    const { responseBody } = await client.createOrUpdateEnrollmentGroup(group as never);
    const attestation = responseBody.attestation as unknown as { symmetricKey: { primaryKey: string } };
    this.groupKey = attestation.symmetricKey.primaryKey;
  }

  devices(count: number): BenchDevice[] {
    return Array.from({ length: count }, (_, index) => this.device(`${this.groupId}-${index}`));
  }

  /** A new device over this transport with the unmodified SDK, on a connection of its own as devices in the field have. */
  async registerBySdk(transport: Transport, registrationId: string): Promise<void> {
    const doors = { facts: this.facts, endpoint: this.endpoint, host: this.facts.endpoint };
    const secret = deviceKeyOf(this.groupKey, registrationId);
    const { assignedHub } = await registerBySdk(doors, { transport, registrationId, secret });
    if (!this.hubs.includes(assignedHub)) throw new Error(`${registrationId} over ${transport} ended at "${assignedHub}"`);
  }

  /** From the register call until an answer says where the device is. Error: anything else came out of it. */
  async provision(connection: TlsConnection, device: BenchDevice): Promise<Provisioned> {
    const startedMs = performance.now();
    let operation = operationIn(await connection.send(device.register), device);
    const acceptedAfterMs = performance.now() - startedMs;
    let polls = 0;
    for (; operation.status === 'assigning' && polls < POLLS_MAX; polls++) {
      await new Promise((resolve) => setTimeout(resolve, POLL_PAUSE_MS));
      operation = operationIn(await connection.send(this.poll(device, operation.operationId)), device);
    }
    const hub = operation.registrationState?.assignedHub;
    if (operation.status !== 'assigned' || hub === undefined) {
      throw new Error(`${device.registrationId} ended as ${operation.status}`);
    }
    return { hub, acceptedAfterMs, polls };
  }

  private device(registrationId: string): BenchDevice {
    const { idScope, endpoint } = this.facts;
    const resource = `${idScope}/registrations/${registrationId}`;
    const token = sasToken(resource, deviceKeyOf(this.groupKey, registrationId), 'registration');
    const body = JSON.stringify({ registrationId, payload: { modelId: 'dtmi:example:thermostat;1' } });
    const headers = `Host: ${endpoint}\r\nAuthorization: ${token}\r\nUser-Agent: rehome-bench\r\n`;
    const entity = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const register = `PUT /${resource}/register?api-version=${API_VERSION} HTTP/1.1\r\n${headers}${entity}`;
    return { registrationId, headers, register };
  }

  private poll({ registrationId, headers }: BenchDevice, operationId: string): string {
    const path = `/${this.facts.idScope}/registrations/${registrationId}/operations/${operationId}`;
    return `GET ${path}?api-version=${API_VERSION} HTTP/1.1\r\n${headers}\r\n`;
  }
}

function operationIn({ status, body }: RawAnswer, { registrationId }: BenchDevice): Operation {
  if (status >= 300) throw new Error(`${registrationId} got ${status}: ${body}`);
  return JSON.parse(body) as Operation;
}
