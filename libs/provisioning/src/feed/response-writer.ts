import type { ServerResponse } from 'node:http';

/** A reader that takes nothing for so long is cut off, so that what waits for it does not stay in memory. */
export const SLOW_READER_TIMEOUT_MS = 15_000;
/** What a reader gets to take the last message with. */
const LAST_MESSAGE_TIMEOUT_MS = 2_000;

/** Writes to one HTTP answer no faster than its reader takes it: at most one piece beyond the socket's own buffer is in memory. */
export class ResponseWriter {
  private readonly closing = new AbortController();

  constructor(
    private readonly response: ServerResponse,
    private readonly slowReaderTimeoutMs: number = SLOW_READER_TIMEOUT_MS,
  ) {
    response.once('close', () => this.closing.abort());
    // A reader that goes away in the middle of a write is no error.
    response.on('error', () => this.closing.abort());
    if (response.destroyed) this.closing.abort();
  }

  /** Aborts when the reader has gone. */
  get signal(): AbortSignal {
    return this.closing.signal;
  }

  /** Resolves when there is room for more: `ok`, `slow` when there was none in time, `gone` when nobody reads any more. */
  async write(text: string): Promise<'ok' | 'slow' | 'gone'> {
    if (this.signal.aborted) return 'gone';
    if (this.response.write(text)) return 'ok';
    return new Promise((resolve) => {
      const settle = (outcome: 'ok' | 'slow' | 'gone'): void => {
        clearTimeout(timer);
        this.response.off('drain', onDrain);
        this.signal.removeEventListener('abort', onGone);
        resolve(outcome);
      };
      const onDrain = (): void => settle('ok');
      const onGone = (): void => settle('gone');
      const timer = setTimeout(() => settle('slow'), this.slowReaderTimeoutMs);
      this.response.once('drain', onDrain);
      this.signal.addEventListener('abort', onGone, { once: true });
    });
  }

  /** The last words, and the end of the connection, which is cut when they are not taken in time. */
  async end(text = ''): Promise<void> {
    if (this.signal.aborted) return;
    const cut = setTimeout(() => this.response.destroy(), LAST_MESSAGE_TIMEOUT_MS);
    await new Promise<void>((resolve) => {
      this.response.once('close', resolve);
      this.response.end(text, resolve);
    });
    clearTimeout(cut);
  }
}
