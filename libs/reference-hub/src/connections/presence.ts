/** How IoT Hub writes "never". */
export const NEVER = '0001-01-01T00:00:00';

/** What a hub knows of a device's connection. It lives in memory: after a restart every device is disconnected until it is back. */
export interface Presence {
  readonly connectionState: 'Connected' | 'Disconnected';
  /** ISO 8601 UTC, or `NEVER`. */
  readonly connectionStateUpdatedTime: string;
  readonly lastActivityTime: string;
}

export const neverConnected: Presence = {
  connectionState: 'Disconnected',
  connectionStateUpdatedTime: NEVER,
  lastActivityTime: NEVER,
};

/** Devices whose last connection is remembered; with more of them those that were noted first read as never connected. */
const PRESENCES_MAX = 100_000;

/** The presences of one hub's devices. */
export class Presences {
  private readonly known = new Map<string, Presence>();

  of(deviceId: string): Presence {
    return this.known.get(deviceId) ?? neverConnected;
  }

  has(deviceId: string): boolean {
    return this.known.has(deviceId);
  }

  connected(deviceId: string, at: string): void {
    this.note(deviceId, { connectionState: 'Connected', connectionStateUpdatedTime: at, lastActivityTime: at });
  }

  disconnected(deviceId: string, at: string): void {
    const { lastActivityTime } = this.of(deviceId);
    this.note(deviceId, { connectionState: 'Disconnected', connectionStateUpdatedTime: at, lastActivityTime });
  }

  active(deviceId: string, at: string): void {
    const before = this.known.get(deviceId);
    if (before !== undefined) this.known.set(deviceId, { ...before, lastActivityTime: at });
  }

  forget(deviceId: string): void {
    this.known.delete(deviceId);
  }

  private note(deviceId: string, presence: Presence): void {
    this.known.delete(deviceId);
    this.known.set(deviceId, presence);
    if (this.known.size <= PRESENCES_MAX) return;
    const oldest = this.known.keys().next();
    if (oldest.done !== true) this.known.delete(oldest.value);
  }
}
