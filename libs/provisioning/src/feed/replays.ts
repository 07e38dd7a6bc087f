import type { ServerResponse } from 'node:http';
import { EventStore, Log } from '@app/event-sourcing';
import { ProblemError } from '../management/problem';
import { cloudEvent } from './cloud-event';
import { FeedFilter, feedFilter } from './feed-filter';
import { TimeRange, eventsBetween } from './feed-range';
import { FeedSettings } from './feed-settings';
import { ResponseWriter } from './response-writer';

/** Ranges of the log on their way to whoever asked for them. */
export class Replays {
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly store: EventStore,
    private readonly log: Log,
    private readonly settings: Pick<FeedSettings, 'replaysMax' | 'slowReaderTimeoutMs'>,
  ) {}

  /** Errors: `ProblemError` 503 when as many run already as may. To be asked before anything is written. */
  admit(): void {
    const { replaysMax } = this.settings;
    if (this.running.size < replaysMax && !this.stopping.signal.aborted) return;
    throw new ProblemError(503, 'unavailable', 'Temporarily unavailable', `${replaysMax} replays are under way already.`);
  }

  /** Writes one event a line; what cannot be finished is cut off, so that a reader cannot take it for the whole. */
  serve(response: ServerResponse, range: TimeRange, filter: FeedFilter): Promise<void> {
    const work = this.write(response, range, filter)
      .catch((err: unknown) => {
        this.log.warn({ err }, 'a replay was cut off');
        response.destroy();
      })
      .finally(() => this.running.delete(work));
    this.running.add(work);
    return work;
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async write(response: ServerResponse, range: TimeRange, filter: FeedFilter): Promise<void> {
    const writer = new ResponseWriter(response, this.settings.slowReaderTimeoutMs);
    const passes = feedFilter(filter);
    const signal = AbortSignal.any([writer.signal, this.stopping.signal]);
    for await (const events of eventsBetween(this.store, range, signal)) {
      const lines = events.filter(passes).map((event) => `${JSON.stringify(cloudEvent(event))}\n`);
      if (lines.length > 0 && (await writer.write(lines.join(''))) !== 'ok') throw new Error('the reader stopped reading');
    }
    if (signal.aborted) throw new Error('the reader has gone, or the service stops');
    await writer.end();
  }
}
