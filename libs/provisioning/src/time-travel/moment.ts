import { EventStore, RecordedEvent } from '@app/event-sourcing';
import { ProblemError } from '../management/problem';

/** Clocks of callers may be ahead of ours by so much. */
const CLOCK_SKEW_MS_MAX = 5_000;
/** Highest revision that is looked for; text beyond it is refused before. */
const REVISION_DIGITS_MAX = 18;

export const REVISION = new RegExp(`^[0-9]{1,${REVISION_DIGITS_MAX}}$`);

/** Which moment is asked for: a time (ISO 8601 UTC) or a revision of the device's stream (decimal), not both. */
export interface Moment {
  readonly at?: string | undefined;
  readonly revision?: string | undefined;
}

/** What had happened by then, in order; at least one event. */
export interface Past {
  readonly events: readonly RecordedEvent[];
  /** The time asked for, or when the revision asked for was recorded. */
  readonly time: string;
}

export function isMoment({ at, revision }: Moment): boolean {
  return at !== undefined || revision !== undefined;
}

/** Error: `ProblemError` 400 for a time that has not come. */
export function refuseFuture(name: string, time: string | undefined, now: Date): void {
  if (time !== undefined && Date.parse(time) > now.getTime() + CLOCK_SKEW_MS_MAX) {
    throw ProblemError.invalidRequest(`${name} lies in the future: ${time}.`);
  }
}

/**
 * The events of a device up to a moment. By time it is everything up to the last event recorded then or before, so that a clock that
 * once was set back cannot make a hole.
 *
 * Errors: `ProblemError` 400 for two moments at once or one in the future, 404 where the device had no history yet.
 */
export async function pastOf(
  store: EventStore,
  { stream, registrationId }: { readonly stream: string; readonly registrationId: string },
  moment: Moment,
  now: Date,
): Promise<Past> {
  const { at, revision } = moment;
  if (at !== undefined && revision !== undefined) {
    throw ProblemError.invalidRequest('Ask for a time with at or for a revision, not for both.');
  }
  refuseFuture('at', at, now);
  const { events } = await store.readStream(stream);
  const first = events[0];
  if (first === undefined) throw ProblemError.notFound(`Nothing has ever happened to ${registrationId}.`);
  if (revision !== undefined) return upToRevision(events, BigInt(revision), registrationId);
  const time = at ?? now.toISOString();
  const last = events.findLastIndex(({ recordedAt }) => recordedAt <= time);
  if (last < 0) {
    throw ProblemError.notFound(`${registrationId} did not exist at ${time}: it registered first at ${first.recordedAt}.`);
  }
  return { events: events.slice(0, last + 1), time };
}

function upToRevision(events: readonly RecordedEvent[], revision: bigint, registrationId: string): Past {
  const past = events.filter((event) => event.revision <= revision);
  const last = past.at(-1);
  if (last?.revision !== revision) {
    const newest = events.at(-1)?.revision ?? 0n;
    throw ProblemError.notFound(`${registrationId} has no revision ${revision}: its newest is ${newest}.`);
  }
  return { events: past, time: last.recordedAt };
}
