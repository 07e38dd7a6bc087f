import { EventStore, JsonObject, RecordedEvent } from '@app/event-sourcing';
import { Page, PageRequest } from '../read-models/page';
import { ReadDatabase } from '../shared/read-database';
import { AuditEvent, Neighbour, WholeAuditEvent, auditEvent, neighbourOf } from './audit-event';
import { AuditFilter, AuditOrder, EventPlace, countEvents, findPlace, listPlaces } from './audit-index.queries';
import { readEvents } from './event-reader';

/** Events read at a time by what goes through many. */
export const AUDIT_BATCH_EVENTS = 500;

/** The log of this service as an auditor asks for it: found by the index, read from the log itself. */
export class AuditLog {
  constructor(
    private readonly database: ReadDatabase,
    private readonly store: EventStore,
  ) {}

  /** Error: `InvalidCursor`. */
  async page(filter: AuditFilter, order: AuditOrder, request: PageRequest): Promise<Page<AuditEvent>> {
    const { items, nextCursor } = await listPlaces(this.database, filter, order, request);
    const events = await readEvents(this.store, items);
    return { items: events.map((event) => auditEvent(event)), nextCursor };
  }

  /** All of them, a batch at a time, as fast as they are taken. */
  async *batches(filter: AuditFilter, order: AuditOrder): AsyncGenerator<readonly AuditEvent[], void, undefined> {
    let cursor: string | undefined;
    do {
      const { items, nextCursor } = await this.page(filter, order, { limit: AUDIT_BATCH_EVENTS, cursor });
      if (items.length > 0) yield items;
      cursor = nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** Up to `EVENTS_COUNTED_MAX`. */
  count(filter: AuditFilter): Promise<number> {
    return countEvents(this.database, filter);
  }

  /** Undefined where the log has no event at that position. */
  async one(position: string): Promise<WholeAuditEvent | undefined> {
    const found = await findPlace(this.database, position);
    if (found === undefined) return undefined;
    const { stream, revision } = found.place;
    const from = revision === 0n ? 0n : revision - 1n;
    const { events } = await this.store.readStream(stream, { fromRevision: from, maxCount: 3 });
    const at = (wanted: bigint): RecordedEvent | undefined => events.find((event) => event.revision === wanted);
    const event = at(revision);
    if (event === undefined) return undefined;
    const [previous, next] = await Promise.all([this.neighbour(found.previous), this.neighbour(found.next)]);
    return {
      ...auditEvent(event),
      metadata: event.metadata as unknown as JsonObject,
      ...hashesOf(event),
      inStream: { previous: neighbourOf(at(revision - 1n)), next: neighbourOf(at(revision + 1n)) },
      inLog: { previous, next },
    };
  }

  private async neighbour(place: EventPlace | undefined): Promise<Neighbour | null> {
    if (place === undefined) return null;
    const [event] = await readEvents(this.store, [place]);
    return neighbourOf(event);
  }
}

/** Where the log is chained, each event carries its own hash and that of the one before it in its stream. */
function hashesOf({ metadata }: RecordedEvent): { readonly hash: string | null; readonly previousHash: string | null } {
  const { chain } = metadata;
  if (typeof chain !== 'object' || chain === null) return { hash: null, previousHash: null };
  const { hash, previous } = chain as Partial<Record<'hash' | 'previous', unknown>>;
  return {
    hash: typeof hash === 'string' ? hash : null,
    previousHash: typeof previous === 'string' ? previous : null,
  };
}
