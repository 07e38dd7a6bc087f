import { JsonObject, JsonValue } from '@app/event-sourcing';

/** How to reach one hub; `connectionString` is in clear and lives in memory only. */
export interface HubConnection {
  readonly hostName: string;
  readonly connectionString: string;
}

export type DeviceStatus = 'enabled' | 'disabled';

/** How the device proves itself at the hub. Keys are base64. */
export type DeviceCredentials =
  | { readonly type: 'sas'; readonly primaryKey: string; readonly secondaryKey: string }
  | { readonly type: 'selfSigned'; readonly primaryThumbprint: string; readonly secondaryThumbprint: string };

export interface TwinSection {
  readonly values: JsonObject;
  readonly version: number;
  /** IoT Hub's `$metadata`, null when the hub does not give it. */
  readonly metadata: JsonObject | null;
}

export interface HubTwin {
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
}

/** A module of an edge device. */
export interface HubModule {
  readonly moduleId: string;
  readonly managedBy: string | null;
  /** null when they are not known: the hub generates new keys. */
  readonly credentials: DeviceCredentials | null;
  readonly twin: HubTwin;
}

export interface HubDevice {
  readonly deviceId: string;
  readonly generationId: string;
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly credentials: DeviceCredentials | null;
  readonly iotEdge: boolean;
  readonly twin: HubTwin;
  /** In the order of their ids; left out where the hub does not give them with the device (`carriesWholeTwin`). */
  readonly modules?: readonly HubModule[];
  /** Changes whenever anything of identity or twin changes; opaque. */
  readonly tag: string;
}

/** The whole of a device as it shall stand at a hub. */
export interface DeviceToPut {
  readonly deviceId: string;
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly credentials: DeviceCredentials;
  readonly iotEdge: boolean;
  readonly twin: HubTwin;
  /** All that it shall have; none when left out. Passed over by hubs that do not carry the whole device. */
  readonly modules?: readonly HubModule[];
}

/** A direct method of a device; times in milliseconds, of the hub, not of the call. */
export interface MethodRequest {
  readonly name: string;
  readonly payload: JsonValue;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

export type MethodOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly payload: JsonValue }
  /** The device was not connected, or does not listen to methods. */
  | { readonly kind: 'not-online' }
  | { readonly kind: 'timed-out' };

export interface TagCondition {
  /** Names of letters, digits and `_`, joined by dots. */
  readonly tag: string;
  readonly value: string | number | boolean;
}

export interface TaggedDevices {
  readonly deviceIds: readonly string[];
  /** undefined on the last page. */
  readonly continuation: string | undefined;
}

/** `absent`: only if the hub does not have the device; a tag: only if nothing changed since it was read. */
export type PutCondition = 'absent' | { readonly tag: string };

export interface IdentityPatch {
  readonly status?: DeviceStatus;
  readonly statusReason?: string | null;
  readonly credentials?: DeviceCredentials;
  readonly iotEdge?: boolean;
}

/**
 * What a move needs of a hub. Calls are bounded in time; transient failures are retried inside with jitter. Errors: `HubRefused`
 * (permanent: the hub said no), `HubConflict` (the condition did not hold), `HubUnreachable` (retries are spent, or have been in vain
 * for the calls before, in which case it comes at once).
 */
export interface HubGateway {
  /** undefined when the hub does not have the device. */
  readDevice(hub: HubConnection, deviceId: string): Promise<HubDevice | undefined>;
  /** Creates or replaces identity and twin together. `twin.reported` and versions are kept where the hub can (`carriesWholeTwin`). */
  putDevice(hub: HubConnection, device: DeviceToPut, condition: PutCondition): Promise<HubDevice>;
  /** Changes the identity only, if the device still carries `tag`. */
  updateIdentity(hub: HubConnection, deviceId: string, patch: IdentityPatch, condition: { tag: string }): Promise<HubDevice>;
  /** True when it was deleted, false when it was not there. */
  deleteDevice(hub: HubConnection, deviceId: string, condition: { tag: string }): Promise<boolean>;
  /**
   * Makes the hub forget what it has of a device, for good; with `deletes` the device itself as well. `otherDevice`: there is one by
   * that id, and it is not to be deleted. A cloud's hub is only told to delete: what it keeps of the past is the cloud's.
   */
  eraseDevice(hub: HubConnection, deviceId: string, options: { readonly deletes: boolean }): Promise<'erased' | 'otherDevice'>;
  /** Whether reported properties and section versions can be written there (the reference hub can, the cloud's cannot). */
  carriesWholeTwin(hub: HubConnection): Promise<boolean>;
  /** Host names, in lower case, of hubs that did not answer lately; another process may see it differently. */
  unreachableHubs(): ReadonlySet<string>;
  /** Called once and never again by itself: a method may have been carried out although its answer was lost. */
  invokeMethod(hub: HubConnection, deviceId: string, method: MethodRequest): Promise<MethodOutcome>;
  /** Ids of the devices that have the tag, which is a path such as `site.floor`, page by page; a page may be empty. */
  devicesTagged(hub: HubConnection, tag: TagCondition, continuation?: string): Promise<TaggedDevices>;
  close(): Promise<void>;
}

export class HubRefused extends Error {
  constructor(
    readonly hostName: string,
    readonly status: number,
    /** The word after `ErrorCode:` when the hub gave one. */
    readonly errorCode: string | undefined,
    message: string,
  ) {
    super(message);
    this.name = 'HubRefused';
  }
}

export class HubConflict extends Error {
  constructor(
    readonly hostName: string,
    readonly deviceId: string,
  ) {
    super(`device ${deviceId} at ${hostName} is not as it was read`);
    this.name = 'HubConflict';
  }
}

export class HubUnreachable extends Error {
  constructor(
    readonly hostName: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HubUnreachable';
  }
}
