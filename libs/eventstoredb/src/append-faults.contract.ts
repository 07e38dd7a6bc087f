import { EventIdReused, EventStoreUnavailable, EventTooLarge, InvalidAppend } from '@app/event-sourcing';
import { event, Fixture, newStream } from '@test/support/eventstoredb-peer/fixture';
import { elect } from '@test/support/eventstoredb-peer/peer';
import { ATTEMPTS_MAX } from './attempts';

// Always against the protocol peer: a real server does not misbehave on demand.
let fixture: Fixture;

beforeEach(() => {
  fixture = new Fixture();
});
afterEach(() => fixture.close());

describe.each(['single', 'batched'] as const)('an append (%s)', (appendMode) => {
  it('whose answer is lost is sent again with the same id, and stored once', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    const [stream, appended] = [newStream(), event()];
    peer.faults.answersToLose = 2;
    const result = await store.append(stream, 'none', [appended]);
    expect(peer.appendsById.get(appended.id)).toBe(3);
    const { events } = await store.readStream(stream);
    expect(events.map(({ id }) => id)).toEqual([appended.id]);
    expect(result).toEqual({ revision: 0n, position: events[0]?.position });
  });

  it('whose connection is cut after it was stored is stored once', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    const stream = newStream();
    await store.append(stream, 'none', [event(0)]);
    peer.faults.answersToCut = 1;
    expect((await store.append(stream, 0n, [event(1), event(2)])).revision).toBe(2n);
    expect((await store.readStream(stream)).events.map(({ data }) => data.n)).toEqual([0, 1, 2]);
  });

  it('finds its own first try although others have written since', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    const [stream, mine, other] = [newStream(), event(1), event(2)];
    await store.append(stream, 'none', [event(0)]);
    peer.faults.answersToLose = 1;
    const answer = store.append(stream, 0n, [mine]);
    await store.append(stream, 'any', [other]);
    expect((await answer).revision).toBe(1n);
    expect((await store.readStream(stream)).events.map(({ data }) => data.n)).toEqual([0, 1, 2]);
  });

  it('gives up after a bounded number of tries and says that the store is not available', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    const appended = event();
    peer.faults.answersToLose = ATTEMPTS_MAX;
    await expect(store.append(newStream(), 'none', [appended])).rejects.toBeInstanceOf(EventStoreUnavailable);
    expect(peer.appendsById.get(appended.id)).toBe(ATTEMPTS_MAX);
  });

  it('waits for a server that is not ready yet', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    peer.faults.callsToRefuse = 2;
    expect((await store.append(newStream(), 'none', [event()])).revision).toBe(0n);
  });

  it('goes to the new leader when the old one steps down', async () => {
    const members = await fixture.cluster(3);
    const store = await fixture.open(members[0]?.connectionString ?? '', { appendMode });
    const stream = newStream();
    await store.append(stream, 'none', [event(0)]);
    elect(members, 1);
    expect((await store.append(stream, 0n, [event(1)])).revision).toBe(1n);
    expect((await store.readStream(stream)).events.map(({ data }) => data.n)).toEqual([0, 1]);
  });

  it('that a server with a smaller limit refuses is too large', async () => {
    const peer = await fixture.peer({ appendSizeMaxBytes: 1_000 });
    const store = await fixture.open(peer.connectionString, { appendMode });
    const big = { ...event(), data: { text: 'x'.repeat(2_000) } };
    const refused = store.append(newStream(), 'none', [big]);
    await expect(refused).rejects.toBeInstanceOf(EventTooLarge);
    await expect(refused).rejects.toMatchObject({ sizeBytesMax: 1_000 });
  });

  it('of ids that are stored with others is refused', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    const [stream, first] = [newStream(), event()];
    await store.append(stream, 'any', [first]);
    await expect(store.append(stream, 'any', [first, event()])).rejects.toBeInstanceOf(EventIdReused);
  });

  it('to a stream that was deleted for good fails at once', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString, { appendMode });
    const stream = newStream();
    peer.log.tombstone(stream);
    await expect(store.append(stream, 'any', [event()])).rejects.toMatchObject({ type: 'stream-deleted' });
    await expect(store.readStream(stream)).rejects.toMatchObject({ type: 'stream-deleted' });
    expect(fixture.warnings).toEqual([]);
  });
});

describe('an append', () => {
  it('goes one by one to a server that does not offer the batched call', async () => {
    const peer = await fixture.peer({ offersBatchAppend: false });
    const store = await fixture.open(peer.connectionString, { appendMode: 'batched' });
    expect((await store.append(newStream(), 'none', [event(), event()])).revision).toBe(1n);
  });

  it.each([
    ['$stream', 'Tested'],
    ['stream', '$Tested'],
  ])('to stream "%s" with type "%s" would never be delivered and is refused', async (stream, type) => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    await expect(store.append(stream, 'any', [{ ...event(), type }])).rejects.toBeInstanceOf(InvalidAppend);
  });

  it('on a connection that fell silent ends within its bounds, and works again when the silence is over', async () => {
    const peer = await fixture.peer();
    const store = await fixture.open(peer.connectionString);
    const [stream, appended] = [newStream(), event()];
    peer.fallSilent();
    await expect(store.append(stream, 'none', [appended])).rejects.toBeInstanceOf(EventStoreUnavailable);
    peer.speak();
    expect((await store.append(stream, 'none', [appended])).revision).toBe(0n);
    expect((await store.readStream(stream)).events).toHaveLength(1);
  });
});
