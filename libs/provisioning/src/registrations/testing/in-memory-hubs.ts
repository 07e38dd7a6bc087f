import {
  DeviceToPut,
  HubConflict,
  HubConnection,
  HubDevice,
  HubGateway,
  HubUnreachable,
  IdentityPatch,
  MethodOutcome,
  MethodRequest,
  PutCondition,
  TagCondition,
  TaggedDevices,
} from '@app/hub-gateway';

/** Where a call to a hub breaks: before it has an effect, or after it (the answer is lost). */
export type Fault = 'before' | 'after';

/**
 * Hubs that hold their devices in memory and behave as the port promises; for tests of what happens when calls break. Between any
 * two calls `watch` may look at all hubs.
 */
export class InMemoryHubs implements HubGateway {
  readonly devices = new Map<string, HubDevice>();
  calls = 0;
  private tags = 0;
  private generations = 0;
  /** Asked at each call with its number; the fault it names is thrown. */
  faultAt: (call: number) => Fault | undefined = () => undefined;
  watch: () => void = () => undefined;

  readonly unreachable = new Set<string>();

  unreachableHubs(): ReadonlySet<string> {
    return this.unreachable;
  }

  async readDevice(hub: HubConnection, deviceId: string): Promise<HubDevice | undefined> {
    return this.call(hub, () => structuredClone(this.devices.get(key(hub, deviceId))));
  }

  async putDevice(hub: HubConnection, device: DeviceToPut, condition: PutCondition): Promise<HubDevice> {
    return this.call(hub, () => {
      const there = this.devices.get(key(hub, device.deviceId));
      const holds = condition === 'absent' ? there === undefined : there?.tag === condition.tag;
      if (!holds) throw new HubConflict(hub.hostName, device.deviceId);
      return this.store(hub, { ...structuredClone(device), generationId: there?.generationId ?? `gen-${++this.generations}` });
    });
  }

  async updateIdentity(
    hub: HubConnection,
    deviceId: string,
    patch: IdentityPatch,
    condition: { tag: string },
  ): Promise<HubDevice> {
    return this.call(hub, () => {
      const there = this.devices.get(key(hub, deviceId));
      if (there?.tag !== condition.tag) throw new HubConflict(hub.hostName, deviceId);
      return this.store(hub, { ...there, ...patch });
    });
  }

  async deleteDevice(hub: HubConnection, deviceId: string, condition: { tag: string }): Promise<boolean> {
    return this.call(hub, () => {
      const there = this.devices.get(key(hub, deviceId));
      if (there === undefined) return false;
      if (there.tag !== condition.tag) throw new HubConflict(hub.hostName, deviceId);
      return this.devices.delete(key(hub, deviceId));
    });
  }

  async devicesTagged(hub: HubConnection, { tag, value }: TagCondition): Promise<TaggedDevices> {
    const there = [...this.devices].filter(
      ([at, { twin }]) => at === key(hub, at.slice(key(hub, '').length)) && twin.tags[tag] === value,
    );
    return this.call(hub, () => ({ deviceIds: there.map(([, { deviceId }]) => deviceId), continuation: undefined }));
  }

  async eraseDevice(hub: HubConnection, deviceId: string, { deletes }: { deletes: boolean }): Promise<'erased' | 'otherDevice'> {
    return this.call(hub, () => {
      if (!deletes && this.devices.has(key(hub, deviceId))) return 'otherDevice';
      this.devices.delete(key(hub, deviceId));
      return 'erased';
    });
  }

  carriesWholeTwin(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Methods that were invoked, and what the next one comes to. */
  readonly methods: MethodRequest[] = [];
  methodOutcome: MethodOutcome = { kind: 'not-online' };

  async invokeMethod(hub: HubConnection, deviceId: string, method: MethodRequest): Promise<MethodOutcome> {
    return this.call(hub, () => {
      this.methods.push(method);
      return this.devices.has(key(hub, deviceId)) ? this.methodOutcome : { kind: 'not-online' };
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The device as it is at a hub now, without a call. */
  at(hostName: string, deviceId: string): HubDevice | undefined {
    return this.devices.get(`${hostName}/${deviceId}`);
  }

  /** Something at the hub changes the device's twin behind the service's back. */
  touch(hostName: string, deviceId: string, tags: HubDevice['twin']['tags']): void {
    const there = this.devices.get(`${hostName}/${deviceId}`);
    if (there === undefined) return;
    this.devices.set(`${hostName}/${deviceId}`, { ...there, twin: { ...there.twin, tags }, tag: `tag-${++this.tags}` });
  }

  private store(hub: HubConnection, device: Omit<HubDevice, 'tag'>): HubDevice {
    const stored = { ...device, tag: `tag-${++this.tags}` };
    this.devices.set(key(hub, device.deviceId), stored);
    return structuredClone(stored);
  }

  private async call<T>(hub: HubConnection, effect: () => T): Promise<T> {
    await Promise.resolve();
    const fault = this.faultAt(++this.calls);
    if (fault === 'before') throw new HubUnreachable(hub.hostName, 'the call was lost');
    try {
      const result = effect();
      if (fault === 'after') throw new HubUnreachable(hub.hostName, 'the answer was lost');
      return result;
    } finally {
      this.watch();
    }
  }
}

const key = (hub: HubConnection, deviceId: string): string => `${hub.hostName}/${deviceId}`;
