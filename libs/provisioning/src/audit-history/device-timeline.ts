import { EventStore, RecordedEvent } from '@app/event-sourcing';
import { Page, PAGE_ITEMS_DEFAULT, decodeCursor, encodeCursor, InvalidCursor } from '../read-models/page';
import { registrationStream } from '../registrations/registration.events';
import { AuditEvent, LogName, auditEvent } from './audit-event';
import { AuditOrder } from './audit-index.queries';
import { HubLog } from './hub-log';

/** Events of one stream read at a time. */
const CHUNK_EVENTS = 200;
/** Streams at hubs that are looked at: a cursor has to hold a place in each. */
const HUB_STREAMS_MAX = 40;
const CURSOR_LIST = 'device.history';
const PLACES_SEPARATOR = ',';
const NOT_BEGUN = '-';
const FIRST_REVISION = '0';
const REVISION = /^(?:-|[0-9]{1,18})$/;

export interface DeviceTimelineRequest {
  readonly order?: AuditOrder | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly type?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

interface Source {
  readonly store: EventStore;
  readonly stream: string;
  readonly log: LogName;
}

/**
 * What happened to a device, here and, with a `hubLog`, at the hubs it was ever at, merged by time: two logs have no other order in
 * common. Read from the logs themselves. Undefined for a device that never registered. Error: `InvalidCursor`.
 */
export async function readDeviceTimeline(
  store: EventStore,
  hubLog: HubLog | null,
  registrationId: string,
  request: DeviceTimelineRequest,
): Promise<Page<AuditEvent> | undefined> {
  const { order = 'desc', limit = PAGE_ITEMS_DEFAULT, cursor } = request;
  const stream = registrationStream(registrationId);
  const own = await store.readStream(stream, hubLog === null ? { maxCount: 1 } : {});
  if (!own.exists) return undefined;
  const hubStreams = hubLog === null ? [] : hubStreamsOf(own.events, hubLog);
  const sources: Source[] = [{ store, stream, log: 'provisioning' }, ...hubStreams];
  const places = placesIn(cursor, order);
  // A hub that the device came to since the first page: backwards, everything there is newer than what was shown.
  const unmentioned = places !== undefined && order === 'desc' ? FIRST_REVISION : NOT_BEGUN;
  const readers = sources.map((source, index) => new SourceReader(source, order, places?.[index] ?? unmentioned));
  const items: AuditEvent[] = [];
  for (;;) {
    const next = await nearest(readers, order);
    if (next === undefined) return { items, nextCursor: null };
    const { event, reader } = next;
    if (passes(event, request)) {
      if (items.length === limit) return { items, nextCursor: encodeCursor(CURSOR_LIST, [order, placesOf(readers)]) };
      items.push(auditEvent(event, reader.source.log));
    }
    reader.take();
  }
}

function placesOf(readers: readonly SourceReader[]): string {
  return readers.map(({ place }) => place).join(PLACES_SEPARATOR);
}

interface NextEvent {
  readonly reader: SourceReader;
  readonly event: RecordedEvent;
}

/** In the order in which the registration's stream names them, which only grows, so that places of an older cursor still fit. */
function hubStreamsOf(events: readonly RecordedEvent[], { hubs, store, streamOf }: HubLog): Source[] {
  const streams = new Set<string>();
  for (const { data } of events) {
    const { hub, deviceId } = data;
    if (typeof hub !== 'string' || typeof deviceId !== 'string' || !hubs.has(hub.toLowerCase())) continue;
    if (streams.size < HUB_STREAMS_MAX) streams.add(streamOf(hub, deviceId));
  }
  return [...streams].map((stream) => ({ store, stream, log: 'hubs' }));
}

/** Undefined without a cursor. */
function placesIn(cursor: string | undefined, order: AuditOrder): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const [ofOrder, text = ''] = decodeCursor(CURSOR_LIST, 2, cursor);
  const places = text.split(PLACES_SEPARATOR);
  if (ofOrder !== order || !places.every((place) => REVISION.test(place))) throw new InvalidCursor();
  return places;
}

function passes({ type, recordedAt }: RecordedEvent, request: DeviceTimelineRequest): boolean {
  const { since, until } = request;
  if (request.type !== undefined && request.type !== type) return false;
  return (since === undefined || recordedAt >= since) && (until === undefined || recordedAt < until);
}

/** The reader whose next event comes first; the log of this service before that of the hubs where both say the same time. */
async function nearest(readers: readonly SourceReader[], order: AuditOrder): Promise<NextEvent | undefined> {
  let best: NextEvent | undefined;
  for (const reader of order === 'asc' ? readers : [...readers].reverse()) {
    const event = await reader.peek();
    if (event === undefined) continue;
    const isNearer =
      best === undefined ||
      (order === 'asc' ? event.recordedAt < best.event.recordedAt : event.recordedAt > best.event.recordedAt);
    if (isNearer) best = { reader, event };
  }
  return best;
}

/** One stream in one direction, a chunk at a time. */
class SourceReader {
  /** Revision of the last event taken. */
  place: string;
  private waiting: readonly RecordedEvent[] = [];
  private index = 0;
  private isAtEnd: boolean;

  constructor(
    readonly source: Source,
    private readonly order: AuditOrder,
    place: string,
  ) {
    this.place = place;
    this.isAtEnd = order === 'desc' && place === FIRST_REVISION;
  }

  async peek(): Promise<RecordedEvent | undefined> {
    const event = this.waiting[this.index];
    if (event !== undefined || this.isAtEnd) return event;
    const forward = this.order === 'asc';
    const begun = this.place !== NOT_BEGUN;
    const { events } = await this.source.store.readStream(this.source.stream, {
      direction: forward ? 'forward' : 'backward',
      maxCount: CHUNK_EVENTS,
      ...(begun ? { fromRevision: BigInt(this.place) + (forward ? 1n : -1n) } : {}),
    });
    this.waiting = events;
    this.index = 0;
    this.isAtEnd = events.length < CHUNK_EVENTS;
    return events[0];
  }

  take(): void {
    const event = this.waiting[this.index++];
    if (event !== undefined) this.place = event.revision.toString();
  }
}
