import { JsonValue, RecordedEvent } from '@app/event-sourcing';

/** Streams of one device, by its registration id. */
const DEVICE_STREAM = /^(?:registration|erasure)-(.+)$/;
/** Members that name a hub, in whatever event they stand. */
const HUB_MEMBERS = ['hub', 'from', 'to', 'hostName'] as const;
/** Members that hold such members. */
const HUB_HOLDERS = ['plan', 'hub'] as const;

/** The registration id of the device that an event is about, in lower case; undefined for one about something else. */
export function deviceOf({ stream }: Pick<RecordedEvent, 'stream'>): string | undefined {
  return DEVICE_STREAM.exec(stream)?.[1];
}

export function subjectOf(event: Pick<RecordedEvent, 'stream'>): string {
  return deviceOf(event) ?? event.stream;
}

/** Host names of the hubs that an event names, in lower case: where the device is, comes from or goes to, or the hub that changed. */
export function hubsOf({ data }: Pick<RecordedEvent, 'data'>): ReadonlySet<string> {
  const hubs = new Set<string>();
  addHubs(hubs, data);
  for (const name of HUB_HOLDERS) {
    const holder = data[name];
    if (isObject(holder)) addHubs(hubs, holder);
  }
  return hubs;
}

/** Loops, because every event of every log goes through here. */
function addHubs(hubs: Set<string>, holder: Record<string, JsonValue>): void {
  for (const name of HUB_MEMBERS) {
    const hub = holder[name];
    if (typeof hub === 'string') hubs.add(hub.toLowerCase());
  }
}

function isObject(value: JsonValue | undefined): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
