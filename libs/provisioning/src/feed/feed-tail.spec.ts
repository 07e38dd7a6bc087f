import { InMemoryEventStore, silentLog } from '@app/event-sourcing';
import { eventsBetween } from './feed-range';
import { FeedTail, TAIL_EVENTS_MAX } from './feed-tail';

const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;
let ids = 0;

async function append(store: InMemoryEventStore, count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    const id = `00000000-0000-7000-8000-${(++ids).toString().padStart(12, '0')}`;
    await store.append(`s-${done % 5}`, 'any', [{ id, type: 'Happened', data: {}, metadata }]);
  }
}

async function positions(tail: FeedTail, from: string, count: number): Promise<string[]> {
  const read: string[] = [];
  const ending = new AbortController();
  for await (const { events } of tail.read(from, ending.signal)) {
    read.push(...events.map(({ position }) => position));
    if (read.length >= count) ending.abort();
  }
  return read;
}

describe('the tail of the log', () => {
  it('gives every reader everything after its place, once and in order, behind the tail and in it', async () => {
    const store = new InMemoryEventStore();
    const stop = new AbortController();
    const tail = new FeedTail(store, stop.signal, silentLog);
    await append(store, 20);
    const total = 20 + TAIL_EVENTS_MAX + 500;
    const early = positions(tail, 'start', total);
    const middle = positions(tail, '10', total - 10);
    await append(store, TAIL_EVENTS_MAX + 500);
    const late = positions(tail, 'start', total);
    const end = positions(tail, (total - 3).toString(), 3);
    const all = Array.from({ length: total }, (_, index) => (index + 1).toString());
    expect(await early).toEqual(all);
    expect(await middle).toEqual(all.slice(10));
    expect(await late).toEqual(all);
    expect(await end).toEqual(all.slice(-3));
    stop.abort();
  });

  it('lets go of its readers when it stops', async () => {
    const stop = new AbortController();
    const reading = positions(new FeedTail(new InMemoryEventStore(), stop.signal, silentLog), 'start', 1);
    stop.abort();
    expect(await reading).toEqual([]);
  });
});

test('a range of time is what was stored within it', async () => {
  const store = new InMemoryEventStore();
  await append(store, 50);
  const collect = async (range: object): Promise<number> => {
    let count = 0;
    for await (const events of eventsBetween(store, range, new AbortController().signal)) count += events.length;
    return count;
  };
  expect(await collect({})).toBe(50);
  expect(await collect({ since: '2020-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z' })).toBe(50);
  expect(await collect({ since: '2100-01-01T00:00:00.000Z' })).toBe(0);
  expect(await collect({ until: '2020-01-01T00:00:00.000Z' })).toBe(0);
});
