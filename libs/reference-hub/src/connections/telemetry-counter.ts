/** Devices whose telemetry is counted; the one that was heard first goes first. */
const DEVICES_COUNTED_MAX = 10_000;
/** What is kept of the last message, so that a fleet of talkers cannot fill the memory. */
const PAYLOAD_KEPT_BYTES_MAX = 4096;
const PROPERTIES_KEPT_CHARACTERS_MAX = 1024;

export interface LastMessage {
  /** ISO 8601 UTC. */
  readonly receivedAt: string;
  /** As in the topic: `key=value&…`, percent-encoded. */
  readonly properties: string;
  /** The first 4 KB, base64. */
  readonly payload: string;
  /** Of the whole payload. */
  readonly payloadBytes: number;
}

export interface Telemetry {
  readonly messageCount: number;
  readonly lastMessage: LastMessage | null;
}

/** Telemetry is taken, counted and let go: this hub is no message broker. In memory only. */
export class TelemetryCounter {
  private readonly devices = new Map<string, Telemetry>();

  count(deviceId: string, properties: string, payload: Buffer, receivedAt: string): void {
    const { messageCount } = this.of(deviceId);
    this.devices.delete(deviceId);
    this.devices.set(deviceId, {
      messageCount: messageCount + 1,
      lastMessage: {
        receivedAt,
        properties: properties.slice(0, PROPERTIES_KEPT_CHARACTERS_MAX),
        payload: payload.subarray(0, PAYLOAD_KEPT_BYTES_MAX).toString('base64'),
        payloadBytes: payload.length,
      },
    });
    if (this.devices.size <= DEVICES_COUNTED_MAX) return;
    const oldest = this.devices.keys().next();
    if (oldest.done !== true) this.devices.delete(oldest.value);
  }

  of(deviceId: string): Telemetry {
    return this.devices.get(deviceId) ?? { messageCount: 0, lastMessage: null };
  }

  forget(deviceId: string): void {
    this.devices.delete(deviceId);
  }
}
