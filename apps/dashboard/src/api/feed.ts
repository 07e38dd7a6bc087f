import { lines, send } from './client';
import { session } from './session';
import type { JsonObject } from './types';

/** An event as /api/v1/feed tells it (CloudEvents 1.0). */
export interface FeedEvent {
  readonly id: string;
  /** `rehome.` and the stored name. */
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly position: string;
  readonly data: JsonObject;
}

export type FeedState = 'connecting' | 'live' | 'away';

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 15_000;
/** The service writes something at least this often; a connection that is silent for longer is dead. */
const SILENCE_MAX_MS = 60_000;

type Listener = (event: FeedEvent) => void;
const listeners = new Set<Listener>();
const stateListeners = new Set<(state: FeedState) => void>();
let state: FeedState = 'connecting';
let running: AbortController | undefined;
let lastPosition: string | undefined;

/**
 * One stream for the whole page, by fetch, because an EventSource cannot send the header that proves where a call comes from. It runs
 * while anybody listens, and after a break goes on where it was.
 */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (running === undefined) {
    running = new AbortController();
    void follow(running.signal);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    running?.abort();
    running = undefined;
    lastPosition = undefined;
    state = 'connecting';
  };
}

export function onFeedState(listener: (state: FeedState) => void): () => void {
  stateListeners.add(listener);
  listener(state);
  return () => stateListeners.delete(listener);
}

function became(next: FeedState): void {
  state = next;
  for (const listener of stateListeners) listener(next);
}

async function follow(signal: AbortSignal): Promise<void> {
  let waitMs = RETRY_MIN_MS;
  const isWanted = (): boolean => !signal.aborted && session() !== null;
  while (isWanted()) {
    try {
      await readOnce(signal, () => {
        waitMs = RETRY_MIN_MS;
      });
    } catch {
      // Whatever it was, it is tried again; the state says that it is away.
    }
    if (!isWanted()) return;
    became('away');
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, RETRY_MAX_MS);
  }
}

async function readOnce(signal: AbortSignal, onOpen: () => void): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  try {
    const response = await send('GET', '/api/v1/feed', {
      headers: lastPosition === undefined ? {} : { 'last-event-id': lastPosition },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    onOpen();
    became('live');
    let data = '';
    for await (const line of lines(response)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
      if (line.startsWith('data:')) data += line.slice(5).trim();
      else if (line.startsWith('id:')) lastPosition = line.slice(3).trim();
      else if (line === '' && data !== '') {
        tell(data);
        data = '';
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function tell(text: string): void {
  const event = JSON.parse(text) as Partial<FeedEvent>;
  // The last message of a stream says why it ends and is no event of the log.
  if (typeof event.type !== 'string' || event.data === undefined) return;
  for (const listener of listeners) listener(event as FeedEvent);
}
