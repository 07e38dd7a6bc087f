import { Position, ReadStreamOptions, StreamSlice } from '@app/event-sourcing';
import { AllStreamResolvedEvent, ErrorType, ResolvedEvent, StreamingRead } from '@eventstore/db-client';
import { withAttempts } from './attempts';
import { within } from './backoff';
import { release } from './release';
import { Connection } from './connection';
import { isOfType } from './errors';
import { toPosition } from './positions';
import { SYSTEM_PREFIX, toRecordedEvent } from './stored-events';

/** The newest event is nearly always one of ours; only behind a run of system events is a longer look needed. */
const HEAD_SCAN_STEPS_EVENTS = [1, 4_096];

export async function readStream(
  { client, log, closed }: Connection,
  stream: string,
  options: ReadStreamOptions,
  timeoutMs: number,
): Promise<StreamSlice> {
  const { direction = 'forward', fromRevision, maxCount } = options;
  // The server has no answer for a stream without a name: it fails as if something were wrong with itself.
  if (stream === '') return { exists: false, events: [] };
  if (maxCount !== undefined && maxCount < 1) throw new RangeError(`maxCount must be at least 1, not ${maxCount}`);
  const request = {
    direction: direction === 'forward' ? ('forwards' as const) : ('backwards' as const),
    fromRevision: fromRevision ?? (direction === 'forward' ? ('start' as const) : ('end' as const)),
    requiresLeader: true,
    ...(maxCount === undefined ? {} : { maxCount }),
  };
  return withAttempts({ what: `read of stream ${stream}`, timeoutMs, signal: closed, log }, async () => {
    try {
      const read = client.readStream(stream, request);
      const resolved = await collect<ResolvedEvent>(read, timeoutMs);
      return { exists: true, events: resolved.flatMap(({ event }) => (event === undefined ? [] : [toRecordedEvent(event)])) };
    } catch (error) {
      if (isOfType(error, ErrorType.STREAM_NOT_FOUND)) return { exists: false, events: [] };
      throw error;
    }
  });
}

/**
 * Position of the newest event that is not the server's own. When the last `HEAD_SCAN_STEPS_EVENTS` are all system events, the oldest of
 * them bounds it from above, and a subscription passes that position too.
 */
export async function headPosition({ client, log, closed }: Connection, timeoutMs: number): Promise<Position | 'start'> {
  let bound: Position | 'start' = 'start';
  for (const maxCount of HEAD_SCAN_STEPS_EVENTS) {
    const newest = await withAttempts({ what: 'read of the head of the log', timeoutMs, signal: closed, log }, () => {
      const read = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount, requiresLeader: true });
      return collect<AllStreamResolvedEvent>(read, timeoutMs, maxCount > 1 ? isOurs : undefined);
    });
    const oldest = newest.at(-1);
    if (oldest?.event !== undefined) bound = toPosition(oldest.event.position);
    if (oldest !== undefined && isOurs(oldest)) return bound;
    if (newest.length < maxCount) return 'start';
  }
  return bound;
}

function isOurs({ event }: AllStreamResolvedEvent): boolean {
  return event !== undefined && !event.type.startsWith(SYSTEM_PREFIX);
}

/** The events of one call, up to the first that `isLast` holds for, which is the last to be looked at. */
async function collect<Event>(
  read: StreamingRead<Event>,
  timeoutMs: number,
  isLast: (event: Event) => boolean = () => false,
): Promise<Event[]> {
  // An error that comes after the loop has ended would otherwise be an uncaught exception.
  read.on('error', () => undefined);
  try {
    return await within('a read', timeoutMs, take(read, isLast));
  } finally {
    await release(read, () => read.cancel());
  }
}

async function take<Event>(read: StreamingRead<Event>, isLast: (event: Event) => boolean): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of read.iterator({ destroyOnReturn: false }) as AsyncIterable<Event>) {
    events.push(event);
    if (isLast(event)) break;
  }
  return events;
}
