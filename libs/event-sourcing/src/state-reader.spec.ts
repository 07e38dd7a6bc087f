import { randomUUID } from 'node:crypto';
import { EventStore } from './event-store';
import { InMemoryEventStore } from './in-memory-event-store';
import { StateReader } from './state-reader';
import { door, doorCodec, DoorEvent, doorMetadata } from './testing/door';

const opened: DoorEvent = { type: 'DoorOpened', data: { by: 'ann' } };
const closed: DoorEvent = { type: 'DoorClosed', data: { by: 'ann' } };

class CountingStore extends InMemoryEventStore {
  readonly reads: { stream: string; fromRevision: bigint | undefined }[] = [];
  override readStream(...[stream, options]: Parameters<EventStore['readStream']>): ReturnType<EventStore['readStream']> {
    this.reads.push({ stream, fromRevision: options?.fromRevision });
    return super.readStream(stream, options);
  }
}

const append = (store: EventStore, stream: string, ...events: DoorEvent[]) =>
  store.append(
    stream,
    'any',
    events.map((event) => doorCodec.encode(event, randomUUID(), doorMetadata)),
  );

describe('state reader', () => {
  it('gives the initial state of a missing stream', async () => {
    const states = new StateReader(new InMemoryEventStore(), door, doorCodec);
    expect(await states.read('door-1')).toEqual({ state: 'closed', revision: undefined });
  });

  it('folds a stream of many pages', async () => {
    const store = new InMemoryEventStore();
    for (let n = 0; n < 6; n++) await append(store, 'door-1', ...Array.from({ length: 200 }, () => opened));
    await append(store, 'door-1', closed);
    expect(await new StateReader(store, door, doorCodec).read('door-1')).toEqual({ state: 'closed', revision: 1200n });
  });

  it('asks a second time only for what came after', async () => {
    const store = new CountingStore();
    const states = new StateReader(store, door, doorCodec);
    await append(store, 'door-1', opened);
    await states.read('door-1');
    await append(store, 'door-1', closed);
    expect(await states.read('door-1')).toEqual({ state: 'closed', revision: 1n });
    expect(store.reads.map(({ fromRevision }) => fromRevision)).toEqual([0n, 1n]);
  });

  it('does not ask again where it is the only writer', async () => {
    const store = new CountingStore();
    const states = new StateReader(store, door, doorCodec, { statesMax: 10, soleWriter: true });
    await append(store, 'door-1', opened);
    await states.read('door-1');
    await states.read('door-1');
    expect(store.reads).toHaveLength(1);
  });

  it('never goes back to an older state', async () => {
    const states = new StateReader(new InMemoryEventStore(), door, doorCodec, { statesMax: 10, soleWriter: true });
    states.remember('door-1', 'open', 5n);
    states.remember('door-1', 'closed', 4n);
    expect(await states.read('door-1')).toMatchObject({ state: 'open', revision: 5n });
  });

  it('reads from the start what it was told to forget', async () => {
    const store = new CountingStore();
    const states = new StateReader(store, door, doorCodec);
    await append(store, 'door-1', opened);
    await states.read('door-1');
    states.forget('door-1');
    await states.read('door-1');
    expect(store.reads.map(({ fromRevision }) => fromRevision)).toEqual([0n, 0n]);
  });

  it('keeps a bounded number of states, the least recently written out first', async () => {
    const store = new CountingStore();
    const states = new StateReader(store, door, doorCodec, { statesMax: 2 });
    for (const stream of ['door-1', 'door-2', 'door-3']) await append(store, stream, opened);
    for (const stream of ['door-1', 'door-2', 'door-1', 'door-3', 'door-1', 'door-2']) await states.read(stream);
    expect(store.reads.map(({ fromRevision }) => fromRevision)).toEqual([0n, 0n, 1n, 0n, 1n, 0n]);
  });

  it('gives the state as it was at a revision', async () => {
    const store = new InMemoryEventStore();
    const states = new StateReader(store, door, doorCodec);
    await append(store, 'door-1', opened, closed, opened);
    await states.read('door-1');
    expect(await states.readAt('door-1', 1n)).toBe('closed');
    expect(await states.readAt('door-1', 2n)).toBe('open');
  });

  it('is content with a state that was checked a moment ago, and asks for an older one', async () => {
    const store = new InMemoryEventStore();
    const states = new StateReader(store, door, doorCodec);
    states.remember('door-1', 'open', 0n);
    const reads = jest.spyOn(store, 'readStream');
    expect(await states.readRecent('door-1', 60_000)).toMatchObject({ state: 'open' });
    expect(states.recall('door-1')).toMatchObject({ state: 'open', revision: 0n });
    expect(reads).not.toHaveBeenCalled();
    await states.readRecent('door-1', -1);
    expect(reads).toHaveBeenCalledTimes(1);
    expect(states.recall('door-2')).toBeUndefined();
  });
});
