import { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventBatch, EventStore, Log, Position, RecordedEvent, runSubscription, silentLog } from '@app/event-sourcing';
import { isMacOf, linkOf } from './chain';
import { RootFile } from './root-file';
import { RootBuilder, signRoot } from './roots';

/** Events under one root at most, and how long one waits for its root. */
export const ROOT_EVENTS_MAX = 1_000;
export const ROOT_INTERVAL_MS = 60_000;
/** A signer that has caught up reads at most every so often: nobody waits for a root, and few large pages cost less than many small ones. */
const LINGER_MS = 250;

export interface RootSignerOptions {
  readonly name: string;
  readonly store: EventStore;
  readonly file: RootFile;
  readonly privateKey: KeyObject;
  readonly macKey: Buffer;
  readonly log?: Log;
  readonly now?: () => Date;
  readonly intervalMs?: number;
  readonly eventsMax?: number;
}

/** An event that this product did not write stands in the log; nothing from there on is signed. */
class ForeignEvent extends Error {
  constructor(name: string, { position, stream }: RecordedEvent) {
    super(`the ${name} log has an event at position ${position} of ${stream} that was not written by this service`);
    this.name = 'ForeignEvent';
  }
}

/** Follows a log and signs what it holds, piece by piece. One process at a time may sign one log. */
export class RootSigner {
  private readonly ending = new AbortController();
  private number = 0;
  private from: Position | 'start' = 'start';
  private to: Position | undefined;
  private builder = new RootBuilder('');
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private following: Promise<void> = Promise.resolve();
  private sawLink = false;
  private isBroken = false;

  constructor(private readonly options: RootSignerOptions) {}

  /** Goes on after the last root of the file. */
  async start(): Promise<void> {
    const { store, file, name, log = silentLog } = this.options;
    const last = await file.open();
    if (last !== undefined) {
      this.number = last.number;
      this.from = last.to;
      this.builder = new RootBuilder(last.root);
      this.sawLink = last.chained;
    }
    const handle = async (batch: EventBatch, signal: AbortSignal): Promise<void> => {
      await this.take(batch);
      if (batch.caughtUp) await sleep(LINGER_MS, undefined, { signal }).catch(() => undefined);
    };
    const subscription = runSubscription({
      name: `roots of ${name}`,
      store,
      from: this.from,
      handle,
      signal: this.ending.signal,
      log,
    });
    this.following = subscription.finished.catch((err: unknown) => log.warn({ err, log: name }, 'signing of roots has stopped'));
    const { intervalMs = ROOT_INTERVAL_MS } = this.options;
    this.timer = setInterval(() => {
      this.sign().catch((err: unknown) => log.warn({ err, log: name }, 'a root could not be written'));
    }, intervalMs);
    this.timer.unref();
  }

  /** Everything up to here is signed, or waits for its root. */
  get position(): Position | 'start' {
    return this.to ?? this.from;
  }

  /** Signs what it has seen and ends. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.ending.abort();
    await this.following;
    await this.sign();
    await this.options.file.close();
  }

  private async take({ events }: EventBatch): Promise<void> {
    const { eventsMax = ROOT_EVENTS_MAX, macKey, name } = this.options;
    for (const event of events) {
      // A batch comes again when something of it failed.
      if (this.options.store.comparePositions(event.position, this.to ?? this.from) <= 0) continue;
      const link = linkOf(event.metadata);
      const isOurs = link === undefined ? !this.sawLink : isMacOf(link.mac, link.hash, macKey);
      if (!isOurs) throw new ForeignEvent(name, event);
      this.sawLink ||= link !== undefined;
      this.builder.add(event);
      this.to = event.position;
      if (this.builder.events >= eventsMax) await this.sign();
    }
  }

  /** One at a time, and never for nothing. */
  private sign(): Promise<void> {
    this.writing = this.writing.catch(() => undefined).then(() => this.writeRoot());
    return this.writing;
  }

  private async writeRoot(): Promise<void> {
    const { builder, from, to } = this;
    const { name, file, privateKey, now = () => new Date() } = this.options;
    if (to === undefined || this.isBroken) return;
    const root = builder.root();
    this.number += 1;
    this.from = to;
    this.to = undefined;
    this.builder = new RootBuilder(root);
    const { previousRoot, events } = builder;
    const place = { log: name, number: this.number, from, to };
    const unsigned = { ...place, events, chained: this.sawLink, previousRoot, root, at: now().toISOString() };
    try {
      await file.append(signRoot(unsigned, privateKey));
    } catch (error) {
      // Going on would leave a gap; the next start goes on from what the file has.
      this.ending.abort();
      this.isBroken = true;
      throw error;
    }
  }
}
