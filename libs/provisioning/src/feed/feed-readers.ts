import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { EventStore, Log, Position, RecordedEvent } from '@app/event-sourcing';
import { ProblemError } from '../management/problem';
import { cloudEvent } from './cloud-event';
import { FeedFilter, feedFilter } from './feed-filter';
import { FeedSettings } from './feed-settings';
import { FeedTail } from './feed-tail';
import { ResponseWriter } from './response-writer';
import { FeedEnd, endMessage, eventMessage, heartbeatMessage, retryMessage } from './server-sent-events';

const HEARTBEAT_INTERVAL_MS = 10_000;
const RETRY_MS = 1_000;

export interface FeedReadersOptions {
  readonly store: EventStore;
  readonly log: Log;
  readonly settings: Pick<FeedSettings, 'readersMax' | 'slowReaderTimeoutMs'>;
}

/** Everybody who reads the feed in this process. */
export class FeedReaders {
  private readonly stopping = new AbortController();
  private readonly reading = new Set<Promise<void>>();
  readonly tail: FeedTail;

  constructor(private readonly options: FeedReadersOptions) {
    this.tail = new FeedTail(options.store, this.stopping.signal, options.log);
  }

  /** Errors: `ProblemError` 503 when as many read already as may. To be asked right before `serve`, so that nobody comes between. */
  admit(): void {
    const { readersMax } = this.options.settings;
    if (this.reading.size < readersMax && !this.stopping.signal.aborted) return;
    throw new ProblemError(503, 'unavailable', 'Temporarily unavailable', `${readersMax} readers have the feed open already.`);
  }

  /** Writes every event after `from` that passes, until the reader goes or the service stops. */
  serve(response: ServerResponse, from: Position | 'start', filter: FeedFilter): Promise<void> {
    const work = this.write(response, from, filter).finally(() => this.reading.delete(work));
    this.reading.add(work);
    return work;
  }

  /** Ends every feed with a last message, so that clients come back at once to another process. */
  async close(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.reading);
  }

  private async write(response: ServerResponse, from: Position | 'start', filter: FeedFilter): Promise<void> {
    const { log, settings } = this.options;
    const writer = new ResponseWriter(response, settings.slowReaderTimeoutMs);
    const ending = new AbortController();
    const place = { position: from, busy: false };
    const beats = this.beat(writer, place, ending.signal);
    let end: FeedEnd | 'gone';
    try {
      await writer.write(retryMessage(RETRY_MS));
      end = await this.pump(writer, place, feedFilter(filter));
    } catch (err) {
      log.warn({ err }, 'a reader of the feed was ended');
      end = 'store-unavailable';
    }
    ending.abort();
    await beats;
    if (end === 'too-slow') log.warn({ position: place.position }, 'a reader of the feed took nothing in time and was cut off');
    if (end !== 'gone') await writer.end(endMessage(end));
  }

  private async pump(writer: ResponseWriter, place: Place, passes: (event: RecordedEvent) => boolean): Promise<FeedEnd | 'gone'> {
    for await (const { events, position } of this.tail.read(place.position, writer.signal)) {
      place.busy = true;
      for (const event of events) {
        if (this.stopping.signal.aborted) return 'shutdown';
        if (!passes(event)) continue;
        const outcome = await writer.write(eventMessage(cloudEvent(event)));
        if (outcome !== 'ok') return outcome === 'slow' ? 'too-slow' : 'gone';
      }
      place.position = position;
      place.busy = false;
    }
    return writer.signal.aborted ? 'gone' : 'shutdown';
  }

  /** Only between batches: the position that a heartbeat names has been written in whole. */
  private async beat(writer: ResponseWriter, place: Place, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(HEARTBEAT_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (!place.busy) void writer.write(heartbeatMessage(place.position));
    }
  }
}

interface Place {
  position: Position | 'start';
  busy: boolean;
}
