/** Bounds of the readers of one process. */
export interface FeedSettings {
  readonly readersMax: number;
  readonly replaysMax: number;
  /** A reader that takes nothing for so long is cut off, so that what waits for it does not stay in memory. */
  readonly slowReaderTimeoutMs: number;
}

/** Injection token of `FeedSettings`. */
export const FEED_SETTINGS = Symbol('FEED_SETTINGS');
