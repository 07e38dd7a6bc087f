import { EventBatch, EventStore, Log, RecordedEvent } from '@app/event-sourcing';
import { z } from 'zod';
import { DeviceEvent, DeviceStatus, status } from './device.events';
import { parseDeviceStream } from './device-id';

/** Devices that one hub takes, as in IoT Hub. */
export const DEVICES_MAX = 1_000_000;
/** Deleted devices remembered; with more of them the directory no longer claims to know every stream. */
const DELETED_REMEMBERED_MAX = 1_000_000;
const REPLAY_BATCH_EVENTS = 1000;
const REPLAY_PAUSE_MS = 1000;

type Presence = DeviceStatus | 'deleted';

/**
 * Which devices a hub has: in memory, in the order of their creation, filled from the log once at start and from then on by the
 * hub's own writes, because exactly one process writes a hub's streams. About 100 bytes per device.
 */
export class DeviceDirectory {
  private readonly devices = new Map<string, Presence>();
  private readonly counts = { enabled: 0, disabled: 0, deleted: 0 };
  private complete = false;
  /** Written here while the log is still being read: what the log says about them is older. */
  private readonly touched = new Set<string>();

  /** Records what is now true of a device. */
  note(deviceId: string, presence: Presence): void {
    if (!this.complete) this.touched.add(deviceId);
    this.set(deviceId, presence);
  }

  noteFromLog(deviceId: string, presence: Presence): void {
    if (!this.touched.has(deviceId)) this.set(deviceId, presence);
  }

  /** Everything in the log up to the start is in here. */
  markComplete(): void {
    this.complete = true;
    this.touched.clear();
  }

  get isComplete(): boolean {
    return this.complete;
  }

  /** True only when it is certain that nothing was ever written about the device, which saves asking the store. */
  neverExisted(deviceId: string): boolean {
    return this.complete && this.counts.deleted <= DELETED_REMEMBERED_MAX && !this.devices.has(deviceId);
  }

  has(deviceId: string): boolean {
    const presence = this.devices.get(deviceId);
    return presence !== undefined && presence !== 'deleted';
  }

  get enabledCount(): number {
    return this.counts.enabled;
  }

  get disabledCount(): number {
    return this.counts.disabled;
  }

  get totalCount(): number {
    return this.counts.enabled + this.counts.disabled;
  }

  /** Ids in the order of creation, from the first one or the one after `after`. */
  list(after: string | undefined, countMax: number): readonly string[] {
    const ids: string[] = [];
    let begun = after === undefined;
    for (const [deviceId, presence] of this.devices) {
      if (begun && presence !== 'deleted') ids.push(deviceId);
      if (ids.length === countMax) break;
      begun ||= deviceId === after;
    }
    return ids;
  }

  private set(deviceId: string, presence: Presence): void {
    const before = this.devices.get(deviceId);
    if (before !== undefined) this.counts[before]--;
    // A device that is created again stands at the end.
    if (before === 'deleted' && presence !== 'deleted') this.devices.delete(deviceId);
    this.counts[presence]++;
    this.devices.set(deviceId, presence);
  }
}

/** Fills the directories from the log, starting again from where it stood when the store fails. Returns when all is read or aborted. */
export async function fillDirectories(
  store: Pick<EventStore, 'subscribeToAll'>,
  directories: ReadonlyMap<string, DeviceDirectory>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  let from: EventBatch['position'] = 'start';
  while (!signal.aborted) {
    const reading = new AbortController();
    try {
      const both = AbortSignal.any([signal, reading.signal]);
      for await (const batch of store.subscribeToAll({ from, signal: both, batchSizeMax: REPLAY_BATCH_EVENTS })) {
        for (const event of batch.events) apply(event, directories);
        from = batch.position;
        if (!batch.caughtUp) continue;
        for (const directory of directories.values()) directory.markComplete();
        return;
      }
    } catch (error) {
      log.warn({ err: error }, 'the directory of devices could not be read from the log and is tried again');
      await pause(REPLAY_PAUSE_MS, signal);
    } finally {
      reading.abort();
    }
  }
}

/** The others, of which there are many, need not be checked and lifted to their newest form. */
const saysPresence: Readonly<Record<DeviceEvent['type'], boolean>> = {
  DeviceCreated: true,
  DeviceImported: true,
  DeviceIdentityUpdated: true,
  DeviceDeleted: true,
  TwinPatched: false,
  TwinReplaced: false,
  ReportedPropertiesPatched: false,
  ModuleCreated: false,
  ModuleIdentityUpdated: false,
  ModuleTwinPatched: false,
  ModuleTwinReplaced: false,
  ModuleReportedPropertiesPatched: false,
  ModuleDeleted: false,
};
const presenceTypes: ReadonlySet<string> = new Set(Object.entries(saysPresence).flatMap(([type, says]) => (says ? [type] : [])));

/** All that is looked at: the rest may be sealed. */
const presentIn = z.object({ status });

function apply(recorded: RecordedEvent, directories: ReadonlyMap<string, DeviceDirectory>): void {
  const place = parseDeviceStream(recorded.stream);
  const directory = place && directories.get(place.hubName);
  if (place === undefined || directory === undefined || !presenceTypes.has(recorded.type)) return;
  if (recorded.type === 'DeviceDeleted') directory.noteFromLog(place.deviceId, 'deleted');
  else directory.noteFromLog(place.deviceId, presentIn.parse(recorded.data).status);
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
