import { randomUUID } from 'node:crypto';
import { Rejected } from './decider';
import { AppendResult, EventStore, RevisionConflict } from './event-store';
import { CONFLICT_RETRIES_MAX, handleCommand } from './handle-command';
import { InMemoryEventStore } from './in-memory-event-store';
import { StateReader } from './state-reader';
import { door, doorCodec, DoorCommand, doorContext, DoorEvent } from './testing/door';

const stream = 'door-1';

/** Another writer gets in between reading and appending: `rounds` times it appends first. */
class RacedStore extends InMemoryEventStore {
  appends = 0;
  constructor(
    private readonly rounds: number,
    private readonly rival: () => DoorEvent,
  ) {
    super();
  }
  override async append(...args: Parameters<EventStore['append']>): Promise<AppendResult> {
    this.appends += 1;
    if (this.appends <= this.rounds) {
      await super.append(stream, 'any', [doorCodec.encode(this.rival(), randomUUID(), doorContext(stream).metadata)]);
    }
    return super.append(...args);
  }
}

function handlingOn(store: EventStore) {
  const handling = { store, decider: door, codec: doorCodec, states: new StateReader(store, door, doorCodec) };
  return (command: DoorCommand) => handleCommand(handling, doorContext(stream), command);
}
const typesIn = async (store: EventStore) => (await store.readStream(stream)).events.map(({ type }) => type);
const closed = (): DoorEvent => ({ type: 'DoorClosed', data: { by: 'rival' } });

describe('handleCommand', () => {
  it('starts a stream, then continues it', async () => {
    const store = new InMemoryEventStore();
    const handle = handlingOn(store);
    const first = await handle({ type: 'open', by: 'ann' });
    expect(first).toMatchObject({
      events: [{ type: 'DoorOpened', data: { by: 'ann' } }],
      state: 'open',
      revision: 0n,
      position: '1',
    });
    expect(await handle({ type: 'close', by: 'ann' })).toMatchObject({ state: 'closed', revision: 1n, position: '2' });
    expect(await typesIn(store)).toEqual(['DoorOpened', 'DoorClosed']);
  });

  it('appends nothing when nothing is to happen', async () => {
    const store = new InMemoryEventStore();
    const handle = handlingOn(store);
    expect(await handle({ type: 'close', by: 'ann' })).toEqual({
      events: [],
      state: 'closed',
      revision: undefined,
      position: undefined,
    });
    expect((await store.readStream(stream)).exists).toBe(false);
  });

  it('stores actor, correlation and causation beside each event', async () => {
    const store = new InMemoryEventStore();
    await handlingOn(store)({ type: 'open', by: 'ann' });
    const [stored] = (await store.readStream(stream)).events;
    expect(stored?.metadata).toMatchObject(doorContext(stream).metadata);
  });

  it('lets refusals through and stores nothing', async () => {
    const store = new InMemoryEventStore();
    const handle = handlingOn(store);
    await handle({ type: 'brickUp' });
    await expect(handle({ type: 'open', by: 'ann' })).rejects.toBeInstanceOf(Rejected);
    expect(await typesIn(store)).toEqual(['DoorBrickedUp']);
  });

  it("asks the caller's own condition before each decision, with the revision that the state has", async () => {
    const store = new RacedStore(1, closed);
    const asked: (bigint | undefined)[] = [];
    const handling = { store, decider: door, codec: doorCodec, states: new StateReader(store, door, doorCodec) };
    const context = { ...doorContext(stream), admit: (revision: bigint | undefined) => void asked.push(revision) };
    await handleCommand(handling, context, { type: 'open', by: 'ann' });
    expect(asked).toEqual([undefined, 0n]);
    const refusing = {
      ...context,
      admit: () => {
        throw new Rejected('changed', 'not as you think');
      },
    };
    await expect(handleCommand(handling, refusing, { type: 'close', by: 'ann' })).rejects.toMatchObject({ reason: 'changed' });
    expect(await typesIn(store)).toEqual(['DoorClosed', 'DoorOpened']);
  });

  it('decides again on fresh state after a conflict', async () => {
    const store = new RacedStore(1, () => ({ type: 'DoorOpened', data: { by: 'rival' } }));
    expect(await handlingOn(store)({ type: 'open', by: 'ann' })).toMatchObject({ events: [], state: 'open', revision: 0n });
    expect(await typesIn(store)).toEqual(['DoorOpened']);
  });

  it('refuses on fresh state after a conflict', async () => {
    const store = new RacedStore(1, () => ({ type: 'DoorBrickedUp', data: {} }));
    await expect(handlingOn(store)({ type: 'open', by: 'ann' })).rejects.toMatchObject({ reason: 'bricked-up' });
  });

  it('gives the conflict back after a bounded number of decisions', async () => {
    const store = new RacedStore(Infinity, closed);
    await expect(handlingOn(store)({ type: 'open', by: 'ann' })).rejects.toBeInstanceOf(RevisionConflict);
    expect(store.appends).toBe(CONFLICT_RETRIES_MAX + 1);
  });

  it('succeeds in the last of these decisions', async () => {
    const store = new RacedStore(CONFLICT_RETRIES_MAX, closed);
    expect(await handlingOn(store)({ type: 'open', by: 'ann' })).toMatchObject({ state: 'open' });
  });

  it('lets each of many callers at once decide on the state that its events follow', async () => {
    const store = new InMemoryEventStore();
    const handle = handlingOn(store);
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((by) => handle({ type: 'open', by })));
    expect(outcomes.filter(({ events }) => events.length > 0)).toHaveLength(1);
    expect(await typesIn(store)).toEqual(['DoorOpened']);
  });
});

describe('what memory has of a stream', () => {
  /** Two processes on one store, each with a memory of its own. */
  function twoProcesses() {
    const store = new InMemoryEventStore();
    return { store, here: handlingOn(store), elsewhere: handlingOn(store) };
  }

  it('saves the reading when the append proves it right', async () => {
    const { store, here } = twoProcesses();
    await here({ type: 'open', by: 'ann' });
    const reads = jest.spyOn(store, 'readStream');
    expect(await here({ type: 'close', by: 'ann' })).toMatchObject({ state: 'closed', revision: 1n });
    expect(reads).not.toHaveBeenCalled();
  });

  it('is corrected by a conflict', async () => {
    const { here, elsewhere } = twoProcesses();
    await here({ type: 'open', by: 'ann' });
    await elsewhere({ type: 'close', by: 'bob' });
    expect(await here({ type: 'close', by: 'ann' })).toMatchObject({ events: [], state: 'closed', revision: 1n });
  });

  it('is not believed when it says that nothing is to be done', async () => {
    const { store, here, elsewhere } = twoProcesses();
    await here({ type: 'open', by: 'ann' });
    await elsewhere({ type: 'close', by: 'bob' });
    expect(await here({ type: 'open', by: 'ann' })).toMatchObject({ state: 'open', revision: 2n });
    expect(await typesIn(store)).toEqual(['DoorOpened', 'DoorClosed', 'DoorOpened']);
  });

  it('is not believed when a refusal follows from it', async () => {
    const { here, store } = twoProcesses();
    await here({ type: 'open', by: 'ann' });
    const handling = { store, decider: door, codec: doorCodec, states: new StateReader(store, door, doorCodec) };
    handling.states.remember(stream, 'closed', 0n);
    const asked: (bigint | undefined)[] = [];
    const admit = (revision: bigint | undefined): void => {
      asked.push(revision);
      if (asked.length === 1) throw new Rejected('changed', 'not as you think');
    };
    await handleCommand(handling, { ...doorContext(stream), admit }, { type: 'close', by: 'ann' });
    expect(asked).toHaveLength(2);
  });
});
