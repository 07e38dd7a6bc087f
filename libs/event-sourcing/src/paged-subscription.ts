import { Bell } from './bell';
import { EventBatch, SubscribeOptions } from './event-store';
import { Position, RecordedEvent } from './events';

/** A log that can be read in pages, and a bell that rings when it may have grown. */
export interface PagedLog {
  /** Up to `maxCount` events after a position, in order, without gaps that could be filled later. */
  readPage(after: Position | 'start', maxCount: number, signal: AbortSignal): Promise<readonly RecordedEvent[]>;
  headPosition(): Promise<Position | 'start'>;
  readonly bell: Bell;
  /** The bell is a hint; this is the truth. */
  readonly pollMs: number;
}

export const BATCH_SIZE_DEFAULT = 1_000;
/** Under load a subscriber that has caught up reads at most every so often: a page of fifty costs hardly more than a page of one. */
const READ_INTERVAL_MS = 5;

/** Every event once and in order, from pages: reads until nothing more is there, then waits for the bell or the poll. */
export async function* subscribeToPages(log: PagedLog, options: SubscribeOptions): AsyncGenerator<EventBatch, void, undefined> {
  const { signal, batchSizeMax = BATCH_SIZE_DEFAULT } = options;
  if (signal.aborted) return;
  let position = options.from === 'end' ? await log.headPosition() : options.from;
  let saidCaughtUp = false;
  for (;;) {
    const rings = log.bell.rings;
    const readAtMs = performance.now();
    const events = await log.readPage(position, batchSizeMax, signal);
    // The check is a function, because the compiler takes an aborted signal for settled at its first look.
    if (isAborted(signal)) return;
    position = events.at(-1)?.position ?? position;
    const caughtUp = events.length < batchSizeMax;
    if (events.length > 0 || !saidCaughtUp) yield { events, position, caughtUp };
    saidCaughtUp = caughtUp;
    if (caughtUp) await waitForMore(log, rings, readAtMs, signal);
    if (isAborted(signal)) return;
  }
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

async function waitForMore(log: PagedLog, rings: number, readAtMs: number, signal: AbortSignal): Promise<void> {
  await log.bell.after(rings, log.pollMs, signal);
  const restMs = readAtMs + READ_INTERVAL_MS - performance.now();
  if (restMs >= 1 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, restMs));
}
