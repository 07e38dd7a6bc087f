import { EventBatch, EventStore, EventToAppend, Log } from '@app/event-sourcing';
import { EventStoreDbEventStore, EventStoreDbOptions } from '@app/eventstoredb';
import { randomUUID } from 'node:crypto';
import { Member, MemberOptions } from './member';
import { startCluster, startPeer } from './peer';

/** Bounds short enough for a test, long enough for a busy machine. */
const QUICK = {
  appendTimeoutMs: 400,
  readTimeoutMs: 800,
  silenceTimeoutMs: 300,
  reconnectDelayMinMs: 10,
  reconnectDelayMaxMs: 100,
} satisfies Partial<EventStoreDbOptions>;

const metadata = { actor: { kind: 'system' as const, name: 'faults' }, correlationId: 'c', causationId: 'c' };

export const event = (n = 0): EventToAppend => ({ id: randomUUID(), type: 'Tested', data: { n }, metadata });
export const newStream = (): string => `faults-${randomUUID()}`;

/** Peers and the store of one test, closed together after it. */
export class Fixture {
  /** What the adapter logged as warnings, with their fields. */
  readonly warnings: string[] = [];
  private members: readonly Member[] = [];
  private store: EventStore | undefined;

  async peer(options: MemberOptions = {}): Promise<Member> {
    const member = await startPeer(options);
    this.members = [...this.members, member];
    return member;
  }

  async cluster(size: number): Promise<readonly Member[]> {
    this.members = await startCluster(size);
    return this.members;
  }

  async open(connectionString: string, options: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDbEventStore> {
    const store = await EventStoreDbEventStore.open({ connectionString, log: this.log, ...QUICK, ...options });
    this.store = store;
    return store;
  }

  async close(): Promise<void> {
    await this.store?.close();
    await Promise.all(this.members.map((member) => member.stop()));
  }

  private readonly log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields, message) => this.warnings.push(`${message} ${JSON.stringify(fields)}`),
    error: () => undefined,
  };
}

/** A consumer that runs beside a test; nobody else reads its batches. */
export class Follower {
  readonly batches: EventBatch[] = [];
  private readonly stopping = new AbortController();
  private readonly reading: Promise<void>;
  private noticed: (() => void) | undefined;

  constructor(store: EventStore, from: Parameters<EventStore['subscribeToAll']>[0]['from'] = 'start') {
    this.reading = (async () => {
      for await (const batch of store.subscribeToAll({ from, signal: this.stopping.signal })) {
        this.batches.push(batch);
        this.noticed?.();
      }
    })();
  }

  get numbers(): unknown[] {
    return this.batches.flatMap((batch) => batch.events.map(({ data }) => data.n));
  }

  /** Until what has come satisfies `enough`; the test's own time limit ends a wait in vain. */
  async until(enough: (follower: this) => boolean): Promise<void> {
    while (!enough(this)) {
      await new Promise<void>((resolve) => {
        this.noticed = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.reading;
  }
}

export const hasCaughtUp = (follower: Follower): boolean => follower.batches.some(({ caughtUp }) => caughtUp);

export const hasSeen =
  (count: number) =>
  (follower: Follower): boolean =>
    follower.numbers.length >= count;
