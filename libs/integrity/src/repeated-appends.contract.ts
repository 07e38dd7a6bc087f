import { randomUUID } from 'node:crypto';
import { AppendResult, EventStore, EventToAppend, ExpectedRevision, InMemoryEventStore } from '@app/event-sourcing';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { PostgresEventStore } from '@app/postgres';
import { serverName, startServer } from '@test/support/eventstoredb-peer/server';
import { createTestDatabase } from '@test/support/postgres';
import { ChainChecker } from './chain-checker';
import { ChainedEventStore } from './chained-event-store';

const macKey = Buffer.alloc(32, 1);

interface Opened {
  readonly inner: EventStore;
  cleanUp?(): Promise<void>;
}

const stores: Readonly<Record<string, () => Promise<Opened>>> = {
  'in memory': () => Promise.resolve({ inner: new InMemoryEventStore() }),
  PostgreSQL: async () => {
    const database = await createTestDatabase();
    return { inner: await PostgresEventStore.open({ config: database.config }), cleanUp: () => database.drop() };
  },
  [`EventStoreDB, ${serverName}`]: async () => {
    const server = await startServer();
    const { connectionString } = server;
    return { inner: await EventStoreDbEventStore.open({ connectionString }), cleanUp: () => server.stop() };
  },
};

const event = (n: number): EventToAppend => {
  const metadata = { actor: { kind: 'system' as const, name: 'first' }, correlationId: 'c', causationId: 'c' };
  return { id: randomUUID(), type: 'Tested', data: { n }, metadata };
};
/** The same to a store, which knows events by their ids, and another to the chain. */
const again = (first: EventToAppend): EventToAppend => ({ ...first, metadata: { ...first.metadata, correlationId: 'again' } });

describe.each(Object.entries(stores))('an append repeated with other metadata, %s', (_name, open) => {
  let opened: Opened;
  let store: ChainedEventStore;
  let stream: string;
  /** Answers of appends that get lost on their way to the chain: what was to be stored is. */
  let answersToLose: number;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(async () => {
    await opened.inner.close();
    await opened.cleanUp?.();
  });
  beforeEach(() => {
    const { inner } = opened;
    const append = async (...args: Parameters<EventStore['append']>): Promise<AppendResult> => {
      const result = await inner.append(...args);
      if (answersToLose-- > 0) throw new Error('the answer was lost');
      return result;
    };
    answersToLose = 0;
    store = new ChainedEventStore(Object.assign(Object.create(inner) as EventStore, { append }), macKey);
    stream = `repeated-${randomUUID()}`;
  });

  /** Writes on, and looks whether the stream is one chain to its end. */
  async function expectOneChain(events: number): Promise<void> {
    await store.append(stream, BigInt(events - 1), [event(events)]);
    const checker = new ChainChecker(macKey, false);
    const { events: stored } = await opened.inner.readStream(stream);
    expect(stored.map((each) => checker.check(each, false))).toEqual(Array.from({ length: events + 1 }, () => undefined));
  }

  describe.each<[ExpectedRevision, number]>([
    ['none', 0],
    [0n, 1],
  ])('at expected revision "%s"', (expected, before) => {
    let first: EventToAppend;
    beforeEach(async () => {
      first = event(before);
      if (before > 0) await store.append(stream, 'none', [event(0)]);
    });

    it('after it was answered', async () => {
      await store.append(stream, expected, [first]);
      await store.append(stream, expected, [again(first)]);
      await expectOneChain(before + 1);
    });

    it('after its answer was lost', async () => {
      answersToLose = 1;
      await expect(store.append(stream, expected, [first])).rejects.toThrow('lost');
      await store.readStream(stream);
      await store.append(stream, expected, [again(first)]);
      await expectOneChain(before + 1);
    });

    it('while it is on its way', async () => {
      await Promise.all([first, again(first)].map((each) => store.append(stream, expected, [each])));
      await expectOneChain(before + 1);
    });

    it('by another that has heard of the store since', async () => {
      await new ChainedEventStore(opened.inner, macKey).append(stream, expected, [first]);
      await store.append(`${stream}-other`, 'none', [event(0)]);
      await store.append(stream, expected, [again(first)]);
      await expectOneChain(before + 1);
    });
  });
});
