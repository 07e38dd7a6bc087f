import { EventBatch, EventStore, RecordedEvent } from '@app/event-sourcing';
import { Place } from './checkpoints';

const PAGE_EVENTS = 2_000;

/** The log after `from` up to and with `to`, or to its end where that is before; the next page is read while the caller works. */
export async function* readLog(
  store: EventStore,
  from: Place,
  to: Place,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
  if (store.comparePositions(from, to) >= 0) return;
  const ending = new AbortController();
  const subscription = store.subscribeToAll({
    from,
    signal: AbortSignal.any([signal, ending.signal]),
    batchSizeMax: PAGE_EVENTS,
  });
  const batches = subscription[Symbol.asyncIterator]() as AsyncIterator<EventBatch, unknown>;
  try {
    let next = batches.next();
    for (;;) {
      const result = await next;
      signal.throwIfAborted();
      if (result.done === true) return;
      const { events, position, caughtUp } = result.value;
      const isLast = caughtUp || store.comparePositions(position, to) >= 0;
      if (!isLast) {
        next = batches.next();
        // When it fails, that is noticed where it is awaited.
        next.catch(() => undefined);
      }
      yield isLast ? events.filter((event) => store.comparePositions(event.position, to) <= 0) : events;
      if (isLast) return;
    }
  } finally {
    ending.abort();
    await batches.return?.();
  }
}
