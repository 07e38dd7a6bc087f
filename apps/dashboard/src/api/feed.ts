import { lines, send, withQuery } from './client';
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

export interface FeedReader {
  /** The stream begins here: what happened before is to be read elsewhere. */
  onBegin(): void;
  onEvent(event: FeedEvent): void;
  onState(state: FeedState): void;
}

export interface FeedFilter {
  /** Stored names; none: all. */
  readonly types?: readonly string[];
  /** Registration id; none: all. */
  readonly device?: string;
}

/**
 * A stream by fetch, because an EventSource cannot send the header that proves where a call comes from. The service filters, so that
 * a page of a busy fleet gets what it shows. After a break it goes on where it was. Gives what ends it.
 */
export function follow(filter: FeedFilter, reader: FeedReader): () => void {
  const ending = new AbortController();
  const path = withQuery('/api/v1/feed', { type: filter.types ?? [], device: filter.device });
  void followOn(new FeedStream(path, reader, ending.signal), ending.signal);
  return () => ending.abort();
}

async function followOn(stream: FeedStream, signal: AbortSignal): Promise<void> {
  let waitMs = RETRY_MIN_MS;
  const isWanted = (): boolean => !signal.aborted && session() !== null;
  while (isWanted()) {
    const wasOpen = await stream.read().catch(() => false);
    if (!isWanted()) return;
    stream.reader.onState('away');
    if (wasOpen) waitMs = RETRY_MIN_MS;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, RETRY_MAX_MS);
  }
}

class FeedStream {
  private lastPosition: string | undefined;

  constructor(
    private readonly path: string,
    readonly reader: FeedReader,
    private readonly signal: AbortSignal,
  ) {}

  /** Reads until the stream breaks; true when it was open before. Error: `Problem` where it could not be opened. */
  async read(): Promise<boolean> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
    try {
      const response = await send('GET', this.path, {
        headers: this.lastPosition === undefined ? {} : { 'last-event-id': this.lastPosition },
        signal: AbortSignal.any([this.signal, silence.signal]),
      });
      this.reader.onState('live');
      if (this.lastPosition === undefined) this.reader.onBegin();
      await this.tellAll(response, () => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
      }).catch(() => undefined);
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  private async tellAll(response: Response, onLine: () => void): Promise<void> {
    let data = '';
    for await (const line of lines(response)) {
      onLine();
      if (line.startsWith('data:')) data += line.slice(5).trim();
      else if (line.startsWith('id:')) this.lastPosition = line.slice(3).trim();
      else if (line === '' && data !== '') {
        this.tell(data);
        data = '';
      }
    }
  }

  private tell(text: string): void {
    const event = JSON.parse(text) as Partial<FeedEvent>;
    // The last message of a stream says why it ends and is no event of the log.
    if (typeof event.type === 'string' && event.data !== undefined) this.reader.onEvent(event as FeedEvent);
  }
}
