import { KeyObject } from 'node:crypto';
import { EventStore, Position, RecordedEvent } from '@app/event-sourcing';
import { ChainChecker } from './chain-checker';
import { isSigned, RootBuilder, SignedRoot } from './roots';

export interface VerifyOptions {
  /** Name of the log, as its roots say it. */
  readonly log: string;
  /** The adapter itself: what it gives must be what is stored. */
  readonly store: Pick<EventStore, 'subscribeToAll' | 'headPosition' | 'comparePositions'>;
  /** In order; null for a line that is no root. */
  readonly roots: AsyncIterable<SignedRoot | null>;
  readonly publicKey: KeyObject;
  /** Left out by an auditor who does not have it: then what stands after the last root is only checked for being a chain. */
  readonly macKey?: Buffer;
  /** Begins at the last root at or before this position; at the beginning of the log when absent. */
  readonly from?: Position;
  /** Ends with the event at this position; with the newest one when absent. */
  readonly to?: Position;
  readonly onProgress?: (events: number, position: Position) => void;
  readonly signal?: AbortSignal;
}

export interface Break {
  readonly position: Position | null;
  readonly stream: string | null;
  readonly revision: string | null;
  /** One sentence. */
  readonly reason: string;
}

export interface Verdict {
  readonly log: string;
  readonly intact: boolean;
  readonly events: number;
  readonly streams: number;
  /** Roots that hold. */
  readonly roots: number;
  /** Events after the last root, which are chained but not signed yet. */
  readonly unsigned: number;
  /** Events from before the chain was introduced. */
  readonly unchained: number;
  readonly firstBreak: Break | null;
}

class Broken extends Error {
  constructor(readonly found: Break) {
    super(found.reason);
    this.name = 'Broken';
  }
}

/**
 * Reads a log from end to end and says whether anybody but its service has changed it: edited, deleted, inserted or moved an event.
 * Errors: the signal's reason; `EventStoreUnavailable`.
 */
export async function verifyLog(options: VerifyOptions): Promise<Verdict> {
  const verification = new Verification(options);
  try {
    await verification.run();
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return verification.verdict(error.found);
  }
  return verification.verdict(null);
}

class Verification {
  private readonly checker: ChainChecker;
  private events = 0;
  private rootsHeld = 0;
  private last: SignedRoot | undefined;
  private next: SignedRoot | undefined;
  private readonly roots: AsyncIterator<SignedRoot | null>;
  private builder = new RootBuilder('');

  constructor(private readonly options: VerifyOptions) {
    this.roots = options.roots[Symbol.asyncIterator]();
    this.checker = new ChainChecker(options.macKey, options.from !== undefined);
  }

  verdict(firstBreak: Break | null): Verdict {
    const { events, rootsHeld: roots, checker, builder } = this;
    const { streams, unchained } = checker;
    const { log } = this.options;
    return { log, intact: firstBreak === null, events, streams, roots, unsigned: builder.events, unchained, firstBreak };
  }

  async run(): Promise<void> {
    const { store, to, signal = new AbortController().signal } = this.options;
    const from = await this.begin();
    const end = to ?? (await store.headPosition());
    const ending = new AbortController();
    const reading = AbortSignal.any([signal, ending.signal]);
    if (this.isAfter(end, from)) await this.read(from, end, reading);
    ending.abort();
    signal.throwIfAborted();
    if (this.next !== undefined && (to === undefined || !this.isAfter(this.next.to, to))) {
      throw this.broken(`root ${this.next.number} covers events up to position ${this.next.to}, where the log does not reach`);
    }
  }

  private async read(from: Position | 'start', end: Position | 'start', signal: AbortSignal): Promise<void> {
    const { store, onProgress } = this.options;
    for await (const { events, position } of store.subscribeToAll({ from, signal })) {
      for (const event of events) {
        if (this.isAfter(event.position, end)) return;
        await this.take(event);
      }
      if (position !== 'start') onProgress?.(this.events, position);
      if (!this.isAfter(end, position)) return;
    }
  }

  /** Passes over the roots before the range, and gives the position it begins after. */
  private async begin(): Promise<Position | 'start'> {
    const { from } = this.options;
    await this.readRoot();
    while (from !== undefined && this.next !== undefined && !this.isAfter(this.next.to, from)) await this.readRoot();
    this.checker.sawLink = this.last?.chained ?? false;
    this.builder = new RootBuilder(this.last?.root ?? '');
    return this.last?.to ?? 'start';
  }

  private async take(event: RecordedEvent): Promise<void> {
    if (this.next !== undefined && this.isAfter(event.position, this.next.to)) {
      throw this.broken(`root ${this.next.number} ends with position ${this.next.to}, which is not in the log any more`, event);
    }
    const reason = this.checker.check(event, this.next !== undefined || this.last?.chained !== true);
    if (reason !== undefined) throw this.broken(reason, event);
    this.events += 1;
    this.builder.add(event);
    if (this.next?.to === event.position) await this.closeRoot(this.next, event);
  }

  private async closeRoot(root: SignedRoot, event: RecordedEvent): Promise<void> {
    const { events } = this.builder;
    if (events !== root.events || this.builder.root() !== root.root) {
      const counted = events === root.events ? '' : `, of which there are ${events} instead of ${root.events}`;
      throw this.broken(
        `something differs from root ${root.number} among the events after ${root.from} up to ${root.to}${counted}`,
        event,
      );
    }
    this.rootsHeld += 1;
    await this.readRoot();
    this.builder = new RootBuilder(root.root);
  }

  /** Makes the next root the one that is being looked at; what it says of itself is checked here. */
  private async readRoot(): Promise<void> {
    const before = this.next;
    this.last = before;
    const result = await this.roots.next();
    this.next = undefined;
    if (result.done === true) return;
    const { value } = result;
    const number = (before?.number ?? 0) + 1;
    if (value === null) throw this.broken(`what should be root ${number} is no root`);
    const follows =
      value.number === number && value.previousRoot === (before?.root ?? '') && value.from === (before?.to ?? 'start');
    if (!follows || value.log !== this.options.log) throw this.broken(`root ${value.number} does not follow root ${number - 1}`);
    if (!isSigned(value, this.options.publicKey)) throw this.broken(`the signature of root ${number} does not hold`);
    this.next = value;
  }

  private broken(reason: string, event?: RecordedEvent): Broken {
    if (event === undefined) return new Broken({ position: null, stream: null, revision: null, reason });
    const { position, stream, revision } = event;
    return new Broken({ position, stream, revision: revision.toString(), reason });
  }

  private isAfter(a: Position | 'start', b: Position | 'start'): boolean {
    try {
      return this.options.store.comparePositions(a, b) > 0;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.broken(`there is something at ${a}, which is no position of this log`);
    }
  }
}
