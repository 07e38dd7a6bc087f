import {
  AppendResult,
  EventBatch,
  EventStore,
  EventToAppend,
  ExpectedRevision,
  Position,
  ReadStreamOptions,
  RecordedEvent,
  RevisionConflict,
  StreamSlice,
  SubscribeOptions,
} from '@app/event-sourcing';
import { hashAt, hashOf, macOf, NO_PREVIOUS } from './chain';

/** Heads of streams remembered; one is about 150 bytes. */
const HEADS_MAX = 10_000;
/** An append that expects anything is made one that expects something, as often as others come between. */
const ANY_ATTEMPTS_MAX = 20;

/** How far back an append is looked for that expects anything and may have been made before. */
const REPEATS_MAX = 500;

interface Head {
  readonly revision: bigint;
  readonly hash: string;
}

/** Of a stream whose last append may have been stored or not: an append that is stored next may be answered as that one was. */
const IN_DOUBT = 'in doubt';

/**
 * Any event store, with a hash chain through every stream: each event appended here carries a link to the one before it. The revision
 * that an append expects says which one that is, so the store's own check keeps the chain in one line.
 */
export class ChainedEventStore implements EventStore {
  /** The newest event that this process knows of each stream, least recently used first out. */
  private readonly heads = new Map<string, Head | typeof IN_DOUBT>();
  /** The furthest that this process has been told of anything stored. */
  private furthest: Position | 'start' = 'start';
  private readonly lines = new Map<string, Promise<unknown>>();

  constructor(
    private readonly inner: EventStore,
    private readonly macKey: Buffer,
  ) {}

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    if (expected !== 'any') return this.tryToAppend(stream, expected, events);
    // Here they would only be in each other's way, so they form a line for each stream.
    const before = this.lines.get(stream) ?? Promise.resolve();
    const appended = before.catch(() => undefined).then(() => this.tryToAppend(stream, expected, events));
    this.lines.set(stream, appended);
    return appended.finally(() => {
      if (this.lines.get(stream) === appended) this.lines.delete(stream);
    });
  }

  private async tryToAppend(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    for (let attempt = 1; ; attempt++) {
      // Without a revision to expect, not every store looks for ids that it has stored before.
      if (expected === 'any' && (await this.isRepeated(stream, events))) return this.inner.append(stream, 'any', events);
      const before = await this.headFor(stream, expected);
      try {
        return await this.appendAfter(before, stream, before?.revision ?? 'none', events);
      } catch (error) {
        if (error instanceof RevisionConflict) this.heads.delete(stream);
        else this.remember(stream, IN_DOUBT);
        if (expected !== 'any' || !(error instanceof RevisionConflict) || attempt === ANY_ATTEMPTS_MAX) throw error;
      }
    }
  }

  async readStream(stream: string, options?: ReadStreamOptions): Promise<StreamSlice> {
    const slice = await this.inner.readStream(stream, options);
    const last = options?.direction === 'backward' ? slice.events[0] : slice.events.at(-1);
    if (last !== undefined) this.noteRead(stream, last);
    return slice;
  }

  subscribeToAll(options: SubscribeOptions): AsyncIterable<EventBatch> {
    return this.inner.subscribeToAll(options);
  }

  headPosition(): Promise<Position | 'start'> {
    return this.inner.headPosition();
  }

  comparePositions(a: Position | 'start', b: Position | 'start'): number {
    return this.inner.comparePositions(a, b);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private async appendAfter(
    before: Head | undefined,
    stream: string,
    expected: bigint | 'none',
    events: readonly EventToAppend[],
  ): Promise<AppendResult> {
    let { revision, hash } = before ?? { revision: -1n, hash: NO_PREVIOUS };
    const linked = events.map((event) => {
      const previous = hash;
      revision += 1n;
      hash = hashOf({ ...event, stream, revision }, previous);
      return { ...event, metadata: { ...event.metadata, chain: { previous, hash, mac: macOf(hash, this.macKey) } } };
    });
    const { furthest } = this;
    const result = await this.inner.append(stream, expected, linked);
    const isFurther = this.inner.comparePositions(result.position, furthest) > 0;
    this.noteStored(result.position);
    if (isFurther && result.revision === revision) this.noteAppended(stream, { revision, hash });
    return result;
  }

  /**
   * A repeated append gets the answer of the first, and what was stored may have been hashed with other metadata. Not every store says
   * that it was one, so what could be is not remembered: it has a position that was known before, it comes after one whose answer
   * was lost, or two of them claim the same revision.
   */
  private noteAppended(stream: string, head: Head): void {
    const known = this.heads.get(stream);
    if (known === undefined || (known !== IN_DOUBT && known.revision < head.revision)) this.remember(stream, head);
    else if (known === IN_DOUBT || (known.revision === head.revision && known.hash !== head.hash)) this.heads.delete(stream);
  }

  private noteStored(position: Position): void {
    if (this.inner.comparePositions(position, this.furthest) > 0) this.furthest = position;
  }

  private async isRepeated(stream: string, [first]: readonly EventToAppend[]): Promise<boolean> {
    const { events } = await this.inner.readStream(stream, { direction: 'backward', maxCount: REPEATS_MAX });
    return events.some(({ id }) => id === first?.id.toLowerCase());
  }

  /** The event that comes before an append with this expectation. */
  private async headFor(stream: string, expected: ExpectedRevision): Promise<Head | undefined> {
    if (expected === 'none') return undefined;
    const known = this.heads.get(stream);
    if (known !== undefined && known !== IN_DOUBT && (expected === 'any' || known.revision === expected)) return known;
    const from = expected === 'any' ? {} : { fromRevision: expected };
    const { events } = await this.inner.readStream(stream, { direction: 'backward', maxCount: 1, ...from });
    const [last] = events;
    if (last !== undefined && (expected === 'any' || last.revision === expected)) return this.noteRead(stream, last);
    // There is nothing at that revision; the store is to say so.
    return expected === 'any' ? undefined : { revision: expected, hash: NO_PREVIOUS };
  }

  private noteRead(stream: string, event: RecordedEvent): Head {
    const head = { revision: event.revision, hash: hashAt(event) };
    this.noteStored(event.position);
    const known = this.heads.get(stream);
    // What was read does not end a doubt: the append whose answer was lost may still be on its way.
    if (known === undefined || (known !== IN_DOUBT && known.revision < head.revision)) this.remember(stream, head);
    return head;
  }

  private remember(stream: string, head: Head | typeof IN_DOUBT): void {
    this.heads.delete(stream);
    this.heads.set(stream, head);
    if (this.heads.size <= HEADS_MAX) return;
    const [oldest] = this.heads.keys();
    if (oldest !== undefined) this.heads.delete(oldest);
  }
}
