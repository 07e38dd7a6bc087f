import { randomUUID } from 'node:crypto';
import { EventBatch, EventStore, SubscribeOptions } from './event-store';
import { InMemoryEventStore } from './in-memory-event-store';
import { runSubscription, SubscriptionFailed, SubscriptionOptions } from './subscription';
import { doorMetadata } from './testing/door';

const WAIT_MS = 5_000;

function append(store: EventStore, n: number): Promise<{ position: string }> {
  return store.append('numbers', 'any', [{ id: randomUUID(), type: 'Numbered', data: { n }, metadata: doorMetadata }]);
}

function start(store: EventStore, options: Partial<SubscriptionOptions> = {}) {
  const stopping = new AbortController();
  const seen: unknown[] = [];
  const handle = (batch: EventBatch): Promise<void> => {
    seen.push(...batch.events.map(({ data }) => data.n));
    return Promise.resolve();
  };
  const subscription = runSubscription({ name: 'numbers', store, from: 'start', handle, signal: stopping.signal, ...options });
  return { subscription, seen, handle, stop: () => stopping.abort() };
}

describe('subscription runner', () => {
  it('hands over every event in order and says how far it is', async () => {
    const store = new InMemoryEventStore();
    for (const n of [1, 2, 3]) await append(store, n);
    const { subscription, seen, stop } = start(store, { batchSizeMax: 2 });
    expect(await subscription.waitFor('3', WAIT_MS)).toBe(true);
    expect(seen).toEqual([1, 2, 3]);
    expect(subscription.progress).toEqual({ position: '3', caughtUp: true, eventsHandled: 3, failuresInARow: 0, waiters: 0 });
    stop();
    await subscription.finished;
  });

  it('answers who waits for a position when it is handled, not before', async () => {
    const store = new InMemoryEventStore();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { subscription, stop } = start(store, { handle: () => held });
    const { position } = await append(store, 1);
    expect(await subscription.waitFor(position, 30)).toBe(false);
    const waiting = subscription.waitFor(position, WAIT_MS);
    expect(subscription.progress.waiters).toBe(1);
    release();
    expect(await waiting).toBe(true);
    stop();
  });

  it('brings a batch again that could not be handled', async () => {
    const store = new InMemoryEventStore();
    for (const n of [1, 2, 3]) await append(store, n);
    const seen: unknown[] = [];
    let failures = 2;
    const handle = (batch: EventBatch): Promise<void> => {
      if (batch.events.some(({ data }) => data.n === 2) && failures-- > 0) return Promise.reject(new Error('not now'));
      seen.push(...batch.events.map(({ data }) => data.n));
      return Promise.resolve();
    };
    const { subscription, stop } = start(store, { handle, batchSizeMax: 1 });
    expect(await subscription.waitFor('3', WAIT_MS)).toBe(true);
    expect(seen).toEqual([1, 2, 3]);
    stop();
  });

  it('gives up after a bounded number of failures in a row, and skips nothing', async () => {
    const store = new InMemoryEventStore();
    await append(store, 1);
    let calls = 0;
    const broken = new Error('broken');
    const handle = (): Promise<void> => {
      calls += 1;
      return Promise.reject(broken);
    };
    const { subscription } = start(store, { handle, retriesMax: 3 });
    const waiting = subscription.waitFor('1', WAIT_MS);
    await expect(subscription.finished).rejects.toBeInstanceOf(SubscriptionFailed);
    await expect(subscription.finished).rejects.toMatchObject({ cause: broken });
    expect(calls).toBe(4);
    expect(await waiting).toBe(false);
    expect(subscription.progress.position).toBe('start');
    expect(await subscription.waitFor('1', WAIT_MS)).toBe(false);
  });

  it('subscribes again from what it has handled when the store fails', async () => {
    class FailingStore extends InMemoryEventStore {
      readonly starts: string[] = [];
      override async *subscribeToAll(options: SubscribeOptions): AsyncGenerator<EventBatch, void, undefined> {
        this.starts.push(options.from);
        for await (const batch of super.subscribeToAll(options)) {
          yield batch;
          if (this.starts.length < 3) throw new Error('lost');
        }
      }
    }
    const store = new FailingStore();
    for (const n of [1, 2, 3]) await append(store, n);
    const { subscription, seen, stop } = start(store, { batchSizeMax: 1 });
    expect(await subscription.waitFor('3', WAIT_MS)).toBe(true);
    expect(seen).toEqual([1, 2, 3]);
    expect(store.starts).toEqual(['start', '1', '2']);
    stop();
  });

  it('fixes the end once', async () => {
    const store = new InMemoryEventStore();
    await append(store, 1);
    let failed = false;
    const failOnce = async (): Promise<void> => {
      if (failed) return;
      failed = true;
      await append(store, 2);
      throw new Error('not now');
    };
    const seen: unknown[] = [];
    const handle = async (batch: EventBatch): Promise<void> => {
      await failOnce();
      seen.push(...batch.events.map(({ data }) => data.n));
    };
    const { subscription, stop } = start(store, { from: 'end', handle });
    expect(await subscription.waitFor('2', WAIT_MS)).toBe(true);
    expect(seen).toEqual([2]);
    stop();
  });

  it('ends when it is told to, also between two attempts', async () => {
    const store = new InMemoryEventStore();
    await append(store, 1);
    const { subscription, stop } = start(store, { handle: () => Promise.reject(new Error('broken')), retriesMax: 1_000 });
    setTimeout(stop, 100);
    await expect(subscription.finished).resolves.toBeUndefined();
  });
});
