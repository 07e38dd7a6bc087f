import { Actor, EventStore, handleCommand, Snapshots } from '@app/event-sourcing';
import { HubError } from '../hub-error';
import { DeviceCommand, deviceDecider } from './device.decider';
import { DeviceDirectory, DEVICES_MAX } from './device-directory';
import { deviceCodec, DeviceEvent } from './device.events';
import { hubDeviceSubject } from './device.sealing';
import { deviceStream } from './device-id';
import { Device, DeviceState } from './device.state';
import { DeviceStateReader } from './device-state-reader';

/** How long a list waits for the directory to be read at start. */
const DIRECTORY_WAIT_MS = 10_000;
const DIRECTORY_POLL_MS = 50;
/** Devices read at the same time for one list. */
const LIST_READS_AT_ONCE = 16;

/** Who asks, and as part of which conversation. */
export interface CallContext {
  readonly actor: Actor;
  readonly correlationId: string;
}

/** Is told what happens to the devices it has, so that others need not be looked at. */
export interface DeviceWatch {
  has(deviceId: string): boolean;
  /** `before` is given when the command may replace desired properties as a whole. */
  changed(deviceId: string, state: DeviceState, events: readonly DeviceEvent[], before: Device | undefined): void;
}

export interface HubDevicesOptions {
  readonly hubName: string;
  readonly store: EventStore;
  readonly newId: () => string;
  readonly watch?: DeviceWatch | undefined;
  readonly snapshots?: Snapshots<DeviceState> | undefined;
  /** Destroys the key that a device's contents are sealed with in the log; left out where the log is not sealed. */
  readonly eraseSubject?: ((subject: string) => Promise<unknown>) | undefined;
}

/** The devices of one hub. This process is the only one that writes their streams. */
export class HubDevices {
  readonly directory = new DeviceDirectory();
  private readonly states: DeviceStateReader;

  constructor(private readonly options: HubDevicesOptions) {
    this.states = new DeviceStateReader(options.store, this.directory, options.snapshots);
  }

  async find(deviceId: string): Promise<Device | undefined> {
    const { state } = await this.states.read(deviceStream(this.options.hubName, deviceId));
    return state.exists ? state : undefined;
  }

  /** Errors: `HubError` DeviceNotFound. */
  async get(deviceId: string): Promise<Device> {
    const device = await this.find(deviceId);
    if (device === undefined) throw new HubError('DeviceNotFound', 'the device is not registered');
    return device;
  }

  /** The state after the command; it may be what it was before. Errors: `Rejected`, `HubError`, those of the store. */
  async execute(deviceId: string, command: DeviceCommand, { actor, correlationId }: CallContext): Promise<DeviceState> {
    const { hubName, store, newId, watch } = this.options;
    const adds = command.type === 'CreateDevice' || command.type === 'ImportDevice';
    if (adds && this.directory.totalCount >= DEVICES_MAX && !this.directory.has(deviceId)) {
      throw new HubError('IotHubQuotaExceeded', `the hub has ${DEVICES_MAX} devices and takes no more`);
    }
    const replaces = command.type === 'ReplaceTwin' || command.type === 'ImportDevice';
    const before = replaces && watch?.has(deviceId) === true ? await this.find(deviceId) : undefined;
    const { state, events } = await handleCommand<DeviceState, DeviceCommand, DeviceEvent>(
      { store, decider: deviceDecider, codec: deviceCodec, states: this.states },
      { stream: deviceStream(hubName, deviceId), metadata: { actor, correlationId, causationId: correlationId }, newId },
      command,
    );
    if (events.length > 0) this.directory.note(deviceId, state.exists ? state.status : 'deleted');
    if (watch?.has(deviceId) === true) watch.changed(deviceId, state, events, before);
    return state;
  }

  /** As `execute`, for commands after which the device is there. */
  async write(deviceId: string, command: DeviceCommand, context: CallContext): Promise<Device> {
    const state = await this.execute(deviceId, command, context);
    if (state.exists) return state;
    throw new HubError('DeviceNotFound', 'the device is not registered');
  }

  /** Removes what memory and snapshots hold of a device; it is folded again from what the log has now. Errors: those of the snapshots' store. */
  async forget(deviceId: string): Promise<void> {
    const stream = deviceStream(this.options.hubName, deviceId);
    this.states.forget(stream);
    await this.options.snapshots?.forget(stream);
  }

  /** Destroys what is sealed of a device in the log, and what memory and snapshots hold of it. */
  async erase(deviceId: string): Promise<void> {
    await this.options.eraseSubject?.(hubDeviceSubject(this.options.hubName, deviceId));
    await this.forget(deviceId);
  }

  /** Devices in the order of creation. Errors: `ServiceUnavailable` while the directory is being read at start. */
  async list(after: string | undefined, countMax: number): Promise<readonly Device[]> {
    await this.directoryComplete();
    const ids = this.directory.list(after, countMax);
    const devices: Device[] = [];
    for (let start = 0; start < ids.length; start += LIST_READS_AT_ONCE) {
      const found = await Promise.all(ids.slice(start, start + LIST_READS_AT_ONCE).map((id) => this.find(id)));
      devices.push(...found.filter((device) => device !== undefined));
    }
    return devices;
  }

  async directoryComplete(): Promise<void> {
    const untilMs = performance.now() + DIRECTORY_WAIT_MS;
    while (!this.directory.isComplete) {
      if (performance.now() > untilMs) throw new HubError('ServiceUnavailable', 'the hub is still starting, try again');
      await new Promise((resolve) => setTimeout(resolve, DIRECTORY_POLL_MS));
    }
  }
}
