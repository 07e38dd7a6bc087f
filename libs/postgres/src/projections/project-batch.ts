import { Projection, RecordedEvent } from '@app/event-sourcing';
import { Place } from './checkpoints';
import { ChangeMerger, MergedTable } from './merge-changes';

/** A projection and how far it is. */
export interface Reader {
  readonly projection: Projection;
  readonly position: Place;
}

/** The event a projection could not take, and what it said. */
export interface Poison {
  readonly event: RecordedEvent;
  readonly error: unknown;
}

/** What a batch means for one projection: rows and checkpoint that belong in one transaction. */
export interface Part {
  readonly projection: Projection;
  readonly from: Place;
  /** The end of the batch, or the event before the poison. */
  readonly to: Place;
  readonly tables: ReadonlyMap<string, MergedTable>;
  readonly poison?: Poison;
}

/**
 * Pure: what these events, up to `end`, mean for each reader. A reader that has some of them already passes those over. One that
 * throws stops before the event it threw at; the others do not notice.
 */
export function projectBatch(
  events: readonly RecordedEvent[],
  end: Place,
  readers: readonly Reader[],
  compare: (a: Place, b: Place) => number,
): Part[] {
  return readers
    .map((reader) => projectFor(reader, events, end, compare))
    .filter(({ from, to, poison }) => from !== to || poison !== undefined);
}

function projectFor(
  { projection, position }: Reader,
  events: readonly RecordedEvent[],
  end: Place,
  compare: (a: Place, b: Place) => number,
): Part {
  const merger = new ChangeMerger();
  const types = new Set(projection.eventTypes);
  const part = { projection, from: position, tables: merger.tables };
  if (compare(end, position) <= 0) return { ...part, to: position };
  // Batches are in order: once past the reader's position, always past it.
  let taken = events[0] !== undefined && compare(events[0].position, position) > 0;
  let before = position;
  for (const event of events) {
    taken ||= compare(event.position, position) > 0;
    if (!taken) continue;
    if (types.has(event.type)) {
      try {
        for (const change of projection.project(event)) merger.add(change);
      } catch (error) {
        return { ...part, to: before, poison: { event, error } };
      }
    }
    before = event.position;
  }
  return { ...part, to: end };
}
