import { EventStore, JsonObject, RecordedEvent } from '@app/event-sourcing';
import { decodeCursor, encodeCursor, InvalidCursor, Page, PAGE_ITEMS_DEFAULT } from '../read-models/page';
import { registrationStream } from '../registrations/registration.events';
import { withoutSecrets } from '../shared/without-secrets';
import { TimelineEvent } from './answers';

function timelineEvent(event: RecordedEvent): TimelineEvent {
  const { actor, correlationId, causationId } = event.metadata;
  return {
    revision: event.revision.toString(),
    type: event.type,
    at: event.recordedAt,
    actor,
    correlationId,
    causationId,
    position: event.position,
    data: withoutSecrets(event.data) as JsonObject,
  };
}

export interface TimelineRequest {
  readonly order?: 'asc' | 'desc' | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/**
 * What happened to a device, from the log itself, so also what came before its registration was deleted. Undefined for a device
 * that never registered. Error: `InvalidCursor`.
 */
export async function readTimeline(
  store: EventStore,
  registrationId: string,
  request: TimelineRequest,
): Promise<Page<TimelineEvent> | undefined> {
  const order = request.order ?? 'asc';
  const list = `timeline.${order}`;
  const limit = request.limit ?? PAGE_ITEMS_DEFAULT;
  const after = request.cursor === undefined ? undefined : revisionIn(list, request.cursor);
  if (after === 0n && order === 'desc') return { items: [], nextCursor: null };
  const from = after === undefined ? {} : { fromRevision: order === 'asc' ? after + 1n : after - 1n };
  const slice = await store.readStream(registrationStream(registrationId), {
    direction: order === 'asc' ? 'forward' : 'backward',
    maxCount: limit + 1,
    ...from,
  });
  if (!slice.exists) return undefined;
  const shown = slice.events.slice(0, limit);
  const last = shown.at(-1);
  const more = slice.events.length > limit && last !== undefined;
  return { items: shown.map(timelineEvent), nextCursor: more ? encodeCursor(list, [last.revision.toString()]) : null };
}

function revisionIn(list: string, cursor: string): bigint {
  const [text] = decodeCursor(list, 1, cursor);
  if (text === undefined || !/^[0-9]{1,18}$/.test(text)) throw new InvalidCursor();
  return BigInt(text);
}
