import { EventStore, RecordedEvent } from '@app/event-sourcing';
import { EventPlace } from './audit-index.queries';

/** Streams read at one time for one page. */
const READS_AT_ONCE_MAX = 6;
/** One read takes in places of a stream that are no further apart than this. */
const GAP_REVISIONS_MAX = 8n;

interface Run {
  readonly stream: string;
  readonly first: bigint;
  last: bigint;
}

/**
 * The events at these places, in their order. What lies close together in a stream is read at once. An event that cannot be found, which
 * no store with an intact log knows of, is an error: a page must not look whole when it is not.
 */
export async function readEvents(store: EventStore, places: readonly EventPlace[]): Promise<RecordedEvent[]> {
  const found = new Map<string, RecordedEvent>();
  const runs = runsOf(places);
  let next = 0;
  const read = async (): Promise<void> => {
    for (let run = runs[next++]; run !== undefined; run = runs[next++]) {
      const { stream, first, last } = run;
      const slice = await store.readStream(stream, { fromRevision: first, maxCount: Number(last - first) + 1 });
      for (const event of slice.events) found.set(nameOf(event), event);
    }
  };
  await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE_MAX, runs.length) }, read));
  return places.map((place) => {
    const event = found.get(nameOf(place));
    if (event === undefined) throw new Error(`the log has no revision ${place.revision} of ${place.stream}, which is indexed`);
    return event;
  });
}

function nameOf({ stream, revision }: Pick<EventPlace, 'stream' | 'revision'>): string {
  return `${revision}@${stream}`;
}

function runsOf(places: readonly EventPlace[]): Run[] {
  const byStream = new Map<string, bigint[]>();
  for (const { stream, revision } of places) {
    const revisions = byStream.get(stream);
    if (revisions === undefined) byStream.set(stream, [revision]);
    else revisions.push(revision);
  }
  return [...byStream].flatMap(([stream, revisions]) => {
    const runs: Run[] = [];
    for (const revision of revisions.sort((a, b) => (a < b ? -1 : 1))) {
      const run = runs.at(-1);
      if (run !== undefined && revision - run.last <= GAP_REVISIONS_MAX) run.last = revision;
      else runs.push({ stream, first: revision, last: revision });
    }
    return runs;
  });
}
