import { RecordedEvent } from '@app/event-sourcing';
import { deviceOf, hubsOf } from './event-facts';

/** What a reader wants; an empty list wants everything. Between the lists all must hold, within one list any. */
export interface FeedFilter {
  /** Stored names such as `DeviceAssigned`. */
  readonly types: readonly string[];
  /** Registration ids, without regard to case. */
  readonly devices: readonly string[];
  /** Host names, without regard to case. */
  readonly hubs: readonly string[];
}

export const FILTER_VALUES_MAX = 100;

/** A test for events, made once for many. */
export function feedFilter({ types, devices, hubs }: FeedFilter): (event: RecordedEvent) => boolean {
  const wantedTypes = new Set(types);
  const wantedDevices = new Set(devices.map((device) => device.toLowerCase()));
  const wantedHubs = new Set(hubs.map((hub) => hub.toLowerCase()));
  return (event) => {
    if (wantedTypes.size > 0 && !wantedTypes.has(event.type)) return false;
    const device = deviceOf(event);
    if (wantedDevices.size > 0 && (device === undefined || !wantedDevices.has(device))) return false;
    return wantedHubs.size === 0 || [...hubsOf(event)].some((hub) => wantedHubs.has(hub));
  };
}
