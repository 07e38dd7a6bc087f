import { Client, DeviceMethodRequest, DeviceMethodResponse, Message, Twin } from 'azure-iot-device';
import { Mqtt, MqttWs } from 'azure-iot-device-mqtt';
import { agentOf, Endpoint } from './clients';

/** Where a hub's devices connect: the port of MQTT and the one of WebSockets, whom to trust. */
export interface HubDoors extends Endpoint {
  readonly mqttPort: number;
}

export interface HubDeviceOptions {
  readonly doors: HubDoors;
  readonly hub: string;
  readonly deviceId: string;
  /** base64; left out for a device with a certificate. */
  readonly key?: string;
  /** PEM. */
  readonly x509?: { readonly cert: string; readonly key: string };
  readonly transport?: 'Mqtt' | 'MqttWs';
}

/** A device that lives on a hub, by the unmodified device SDK. */
export class HubDevice {
  /** Resolves when the SDK says that the connection is over. */
  readonly disconnected: Promise<void>;

  private constructor(readonly client: Client) {
    this.disconnected = new Promise((resolve) => client.once('disconnect', () => resolve()));
  }

  /** Rejects with the SDK's own error. */
  static async connect(options: HubDeviceOptions): Promise<HubDevice> {
    const { doors, hub, deviceId, key, x509, transport = 'Mqtt' } = options;
    const host = transport === 'Mqtt' ? `${hub}:${doors.mqttPort}` : hub;
    const proof = x509 === undefined ? `SharedAccessKey=${key ?? ''}` : 'x509=true';
    const client = Client.fromConnectionString(
      `HostName=${host};DeviceId=${deviceId};${proof}`,
      transport === 'Mqtt' ? Mqtt : MqttWs,
    );
    client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await client.setOptions({
      ca: doors.ca,
      ...(x509 ?? {}),
      ...(transport === 'MqttWs' ? { mqtt: { webSocketAgent: agentOf(doors) } } : {}),
    });
    await client.open();
    return new HubDevice(client);
  }

  twin(): Promise<Twin> {
    return this.client.getTwin();
  }

  report(twin: Twin, patch: object): Promise<void> {
    return new Promise((resolve, reject) =>
      (twin.properties.reported as { update(patch: object, done: (error?: Error) => void): void }).update(patch, (error) =>
        error === undefined || (error as unknown) === null ? resolve() : reject(error),
      ),
    );
  }

  onMethod(name: string, answer: (payload: unknown) => { status: number; payload: unknown }): void {
    this.client.onDeviceMethod(name, (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
      const { status, payload } = answer(request.payload);
      void response.send(status, payload);
    });
  }

  async send(body: string, properties: Readonly<Record<string, string>> = {}): Promise<void> {
    const message = new Message(body);
    for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
    await this.client.sendEvent(message);
  }

  async close(): Promise<void> {
    this.client.removeAllListeners();
    await this.client.close();
  }
}

/** The desired properties as the SDK gives them: the whole section first, then each delta, `$version` included. The array grows. */
export function desiredSeen(twin: Twin): readonly Record<string, unknown>[] {
  const seen: Record<string, unknown>[] = [];
  twin.on('properties.desired', (delta: Record<string, unknown>) => void seen.push({ ...delta }));
  return seen;
}
