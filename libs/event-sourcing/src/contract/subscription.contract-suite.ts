import { EventStoreUnavailable } from '../event-store';
import { RecordedEvent } from '../events';
import {
  collect,
  Current,
  events,
  expectAscending,
  expectOrderPerStream,
  ids,
  newStream,
  reaching,
  wholeStream,
} from './support';

const WRITERS = 8;
const APPENDS_PER_WRITER = 60;
const EVENTS_PER_APPEND = 2;
const PROMPT_MS = 2_000;

export function subscriptionContract(current: Current): void {
  const store = () => current().store;
  const hasCome = (list: readonly RecordedEvent[], stream: string) => list.some((seen) => seen.stream === stream);

  it('delivers what is there and what comes, in order, and says when it has caught up', async () => {
    const stream = newStream();
    const from = await store().headPosition();
    const early = events(3);
    const late = events(2);
    await store().append(stream, 'none', early);
    let appended = false;
    const { events: seen } = await collect(store(), {
      from,
      streams: new Set([stream]),
      until: reaching(5),
      onBatch: async ({ caughtUp }) => {
        if (!caughtUp || appended) return;
        appended = true;
        await store().append(stream, 2n, late);
      },
    });
    expect(ids(seen)).toEqual(ids([...early, ...late]));
    expect(seen).toEqual(await wholeStream(store(), stream));
  });

  it('begins after the position it is given', async () => {
    const stream = newStream();
    await store().append(stream, 'none', events(4));
    const [, second] = await wholeStream(store(), stream);
    const { events: seen } = await collect(store(), {
      from: second?.position ?? 'start',
      streams: new Set([stream]),
      until: reaching(2),
    });
    expect(seen.map(({ revision }) => revision)).toEqual([2n, 3n]);
  });

  it('reads from the start of the store', async () => {
    const stream = newStream();
    await store().append(stream, 'none', events(2));
    const { events: seen, batches } = await collect(store(), { from: 'start', streams: new Set([stream]), until: reaching(2) });
    expect(seen).toHaveLength(2);
    expectAscending(
      store(),
      batches.flatMap((batch) => batch.events),
    );
  });

  it('delivers only what is new from the end', async () => {
    const [before, after] = [newStream('before'), newStream('after')];
    await store().append(before, 'none', events(2));
    let appended = false;
    const { events: seen } = await collect(store(), {
      from: 'end',
      streams: new Set([before, after]),
      until: reaching(2),
      onBatch: async () => {
        if (appended) return;
        appended = true;
        await store().append(after, 'none', events(2));
      },
    });
    expect(hasCome(seen, before)).toBe(false);
    expect(seen.map(({ stream }) => stream)).toEqual([after, after]);
  });

  it('continues from the position of any batch, in batches no larger than asked', async () => {
    const stream = newStream();
    const from = await store().headPosition();
    const appended = events(23);
    await store().append(stream, 'none', appended);
    const streams = new Set([stream]);
    const { events: whole, batches } = await collect(store(), { from, streams, until: reaching(23), batchSizeMax: 5 });
    expect(ids(whole)).toEqual(ids(appended));
    expect(Math.max(...batches.map((batch) => batch.events.length))).toBeLessThanOrEqual(5);
    for (const batch of batches) {
      const last = whole.filter(({ position }) => store().comparePositions(position, batch.position) <= 0).length;
      const rest = await collect(store(), { from: batch.position, streams, until: reaching(23 - last), batchSizeMax: 5 });
      expect(ids(rest.events)).toEqual(ids(appended.slice(last)));
    }
  });

  // Many writers take their time on a store that other tests keep busy.
  it('loses nothing and repeats nothing while 8 writers append', async () => {
    const from = await store().headPosition();
    const shared = newStream('shared');
    const own = Array.from({ length: WRITERS }, (_, n) => newStream(`writer-${n}`));
    const written: string[] = [];
    const writers = own.map(async (stream) => {
      for (let n = 0; n < APPENDS_PER_WRITER; n++) {
        const list = events(EVENTS_PER_APPEND);
        await store().append(n % 4 === 0 ? shared : stream, 'any', list);
        written.push(...ids(list));
      }
    });
    const count = WRITERS * APPENDS_PER_WRITER * EVENTS_PER_APPEND;
    const watching = { from, streams: new Set([shared, ...own]), until: reaching(count) };
    const [live] = await Promise.all([collect(store(), { ...watching, batchSizeMax: 50 }), ...writers]);
    expect(ids(live.events).sort()).toEqual(written.sort());
    expectAscending(store(), live.events);
    expectOrderPerStream(live.events);
    const replayed = await collect(store(), watching);
    expect(ids(live.events)).toEqual(ids(replayed.events));
  }, 180_000);

  it('ends promptly when it is told to, also while nothing happens', async () => {
    const stopping = new AbortController();
    const batches: unknown[] = [];
    const reading = (async () => {
      for await (const batch of store().subscribeToAll({ from: 'end', signal: stopping.signal })) batches.push(batch);
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stoppedAtMs = Date.now();
    stopping.abort();
    await reading;
    expect(Date.now() - stoppedAtMs).toBeLessThan(PROMPT_MS);
  });

  it('delivers everything once across lost connections', async () => {
    const from = await store().headPosition();
    const streams = Array.from({ length: WRITERS }, (_, n) => newStream(`dropped-${n}`));
    const acknowledged = new Set<string>();
    const writing = streams.map(async (stream) => {
      for (let n = 0; n < APPENDS_PER_WRITER / 2; n++) {
        const list = events(EVENTS_PER_APPEND);
        await store()
          .append(stream, 'any', list)
          .then(
            () => ids(list).forEach((id) => acknowledged.add(id)),
            (error: unknown) => {
              if (!(error instanceof EventStoreUnavailable)) throw error;
            },
          );
        if (n === 10 && stream === streams[0]) await current().drop?.();
      }
    });
    const marker = newStream('marker');
    const watched = {
      from,
      streams: new Set([...streams, marker]),
      until: (seen: readonly RecordedEvent[]) => hasCome(seen, marker),
    };
    const watching = collect(store(), watched);
    await Promise.all(writing);
    await current().drop?.();
    await store().append(marker, 'any', events(1));
    const live = await watching;
    const replayed = await collect(store(), watched);
    expect(ids(live.events)).toEqual(ids(replayed.events));
    expectAscending(store(), live.events);
    expectOrderPerStream(live.events);
    const seen = new Set(ids(live.events));
    expect([...acknowledged].filter((id) => !seen.has(id))).toEqual([]);
    expect(seen.size).toBe(live.events.length);
  }, 180_000);
}
