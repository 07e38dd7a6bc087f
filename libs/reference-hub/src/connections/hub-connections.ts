import { JsonObject } from '@app/event-sourcing';
import { DeviceEvent } from '../devices/device.events';
import { Device, DeviceState } from '../devices/device.state';
import { replacementPatch } from '../devices/twin-section';
import { deviceNotOnline, DeviceSession, MethodAnswer, MethodCall } from './device-session';
import { Presence, Presences } from './presence';
import { TelemetryCounter } from './telemetry-counter';

const CONNECT_POLL_MS = 50;

/** The connected devices of one hub: one session per device, ended as soon as the device may not be connected any more. */
export class HubConnections {
  readonly telemetry = new TelemetryCounter();
  private readonly sessions = new Map<string, DeviceSession>();
  private readonly presences = new Presences();

  constructor(private readonly now: () => string) {}

  get count(): number {
    return this.sessions.size;
  }

  /** Displaces the session that the device had. */
  enter(session: DeviceSession): void {
    const before = this.sessions.get(session.deviceId);
    this.sessions.set(session.deviceId, session);
    before?.close('displaced');
    this.presences.connected(session.deviceId, this.now());
  }

  leave(session: DeviceSession): void {
    session.ended();
    if (this.sessions.get(session.deviceId) !== session) return;
    this.sessions.delete(session.deviceId);
    this.presences.disconnected(session.deviceId, this.now());
  }

  active(deviceId: string): void {
    this.presences.active(deviceId, this.now());
  }

  presenceOf(deviceId: string): Presence {
    return this.presences.of(deviceId);
  }

  /** Devices that are connected, or were: all others need not be told apart from unknown ones. */
  has(deviceId: string): boolean {
    return this.sessions.has(deviceId) || this.presences.has(deviceId);
  }

  /** After each command on a connected device, also one that added nothing: an earlier attempt may have been stored unnoticed. */
  changed(deviceId: string, state: DeviceState, events: readonly DeviceEvent[], before: Device | undefined): void {
    const session = this.sessions.get(deviceId);
    if (session === undefined) {
      if (!state.exists) this.forget(deviceId);
      return;
    }
    const problem = state.exists ? session.problemWith(state) : 'the device was deleted';
    if (problem !== undefined || !state.exists) {
      this.leave(session);
      session.close(problem ?? 'ended');
      if (!state.exists) this.forget(deviceId);
      return;
    }
    if (!session.subscriptions.has('desired-properties')) return;
    for (const event of events) {
      const patch = desiredPatchOf(event, before);
      if (patch !== null) session.link.sendDesired(patch, state.desired.version);
    }
  }

  private forget(deviceId: string): void {
    this.presences.forget(deviceId);
    this.telemetry.forget(deviceId);
  }

  /**
   * Waits up to `connectTimeoutMs` for the device to be there and to listen to methods. Errors: `HubError` DeviceNotOnline,
   * GatewayTimeout, ThrottlingException.
   */
  async invoke(deviceId: string, call: MethodCall, connectTimeoutMs: number): Promise<MethodAnswer> {
    const untilMs = performance.now() + connectTimeoutMs;
    for (;;) {
      const session = this.sessions.get(deviceId);
      if (session?.subscriptions.has('methods') === true) return session.invoke(call);
      if (performance.now() >= untilMs) throw deviceNotOnline();
      await new Promise((resolve) => setTimeout(resolve, CONNECT_POLL_MS));
    }
  }

  closeAll(): void {
    for (const session of [...this.sessions.values()]) {
      this.leave(session);
      session.close('the hub stops');
    }
  }
}

/** What the device is told; null when the event does not touch its desired properties. */
function desiredPatchOf(event: DeviceEvent, before: Device | undefined): JsonObject | null {
  switch (event.type) {
    case 'TwinPatched':
      return event.data.desired;
    case 'TwinReplaced':
      return event.data.desired === null ? null : replacementPatch(before?.desired.values ?? {}, event.data.desired);
    case 'DeviceImported':
      return replacementPatch(before?.desired.values ?? {}, event.data.desired.values);
    case 'DeviceCreated':
    case 'DeviceIdentityUpdated':
    case 'ReportedPropertiesPatched':
    case 'DeviceDeleted':
    case 'ModuleCreated':
    case 'ModuleIdentityUpdated':
    case 'ModuleTwinPatched':
    case 'ModuleTwinReplaced':
    case 'ModuleReportedPropertiesPatched':
    case 'ModuleDeleted':
      return null;
  }
}
