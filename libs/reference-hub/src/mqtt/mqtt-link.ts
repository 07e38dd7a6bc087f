import type { Client } from 'aedes';
import { JsonObject } from '@app/event-sourcing';
import { DeviceLink } from '../connections/device-session';
import { asciiJson, asciiText } from './device-requests';
import { desiredTopic, methodTopic, twinResponseTopic } from './topics';

/** A session's way to its device. Messages that the device does not take in time are lost with the connection, as in the cloud. */
export class MqttLink implements DeviceLink {
  constructor(
    private readonly client: Client,
    private readonly onClose: (reason: string) => void,
  ) {}

  sendTwinResponse(status: number, requestId: string, body: string, version?: number): void {
    this.send(twinResponseTopic(status, requestId, version), body);
  }

  sendDesired(patch: JsonObject, version: number): void {
    this.send(desiredTopic(version), asciiJson({ ...patch, $version: version }));
  }

  sendMethod(name: string, requestId: string, payload: string): void {
    this.send(methodTopic(name, requestId), asciiText(payload));
  }

  close(reason: string): void {
    this.onClose(reason);
    this.client.close();
  }

  private send(topic: string, payload: string): void {
    this.client.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }, () => undefined);
  }
}
