import { randomUUID } from 'node:crypto';
import { EventStore } from './event-store';
import { InMemoryEventStore } from './in-memory-event-store';
import { silentLog } from './log';
import { Snapshots } from './snapshots';
import { StateReader } from './state-reader';
import { door, doorCodec, DoorEvent, doorMetadata, DoorState } from './testing/door';
import { InMemorySnapshotStore } from './testing/in-memory-snapshot-store';

const opened: DoorEvent = { type: 'DoorOpened', data: { by: 'ann' } };
const closed: DoorEvent = { type: 'DoorClosed', data: { by: 'ann' } };
const EVERY = 5;

class CountingStore extends InMemoryEventStore {
  readonly reads: (bigint | undefined)[] = [];
  override readStream(...[stream, options]: Parameters<EventStore['readStream']>): ReturnType<EventStore['readStream']> {
    this.reads.push(options?.fromRevision);
    return super.readStream(stream, options);
  }
}

function parse(state: unknown): DoorState {
  if (state === 'open' || state === 'closed' || state === 'bricked up') return state;
  throw new Error('no state of a door');
}

let events: CountingStore;
let kept: InMemorySnapshotStore;
beforeEach(() => {
  events = new CountingStore();
  kept = new InMemorySnapshotStore();
});

const append = (...added: DoorEvent[]) =>
  events.append(
    'door-1',
    'any',
    added.map((event) => doorCodec.encode(event, randomUUID(), doorMetadata)),
  );

function reader(
  stateVersion = 1,
  log = silentLog,
): { states: StateReader<DoorState, DoorEvent>; snapshots: Snapshots<DoorState> } {
  const snapshots = new Snapshots<DoorState>({ store: kept, stateVersion, parse, log, everyEvents: EVERY });
  return { states: new StateReader(events, door, doorCodec, { statesMax: 10, snapshots }), snapshots };
}

/** A reader has seen the stream and its snapshots are written. */
async function readOnce(): Promise<void> {
  const { states, snapshots } = reader();
  await states.read('door-1');
  await snapshots.settled();
}

describe('a state reader with snapshots', () => {
  it('writes one down when enough events came, and begins from it the next time', async () => {
    await append(opened, closed, opened, closed);
    await readOnce();
    expect(kept.kept.size).toBe(0);
    await append(opened);
    await readOnce();
    expect(kept.kept.get('door-1')).toMatchObject({ revision: 4n, json: '"open"' });
    await append(closed);
    events.reads.length = 0;
    expect(await reader().states.read('door-1')).toEqual({ state: 'closed', revision: 5n });
    expect(events.reads).toEqual([4n, 5n]);
  });

  it('writes on while states are remembered, every so many events', async () => {
    const { states, snapshots } = reader();
    for (let revision = 0n; revision < 17n; revision++) states.remember('door-1', 'open', revision, randomUUID());
    await snapshots.settled();
    expect(kept.kept.get('door-1')?.revision).toBe(14n);
  });

  it.each([
    ['of another version', { stateVersion: 2 }],
    ['of another event', { eventId: randomUUID() }],
    ['beyond the end of the stream', { revision: 9n }],
    ['that is no state', { json: '{"a":1}' }],
    ['that is no JSON', { json: '{' }],
  ])('ignores one %s', async (_what, change) => {
    await append(opened, closed, opened, closed, opened);
    await readOnce();
    const snapshot = kept.kept.get('door-1');
    if (snapshot === undefined) throw new Error('no snapshot was made');
    kept.kept.set('door-1', { ...snapshot, json: '"closed"', ...change });
    events.reads.length = 0;
    expect(await reader().states.read('door-1')).toEqual({ state: 'open', revision: 4n });
    expect(events.reads.at(-1)).toBe(0n);
  });

  it('forgets what it was told to, also what is about to be written', async () => {
    await append(opened, closed, opened, closed, opened);
    const { states, snapshots } = reader();
    await states.read('door-1');
    await snapshots.forget('door-1');
    await snapshots.settled();
    expect(kept.kept.size).toBe(0);
  });

  it('reads and goes on when snapshots cannot be read or written, and says so once', async () => {
    await append(opened, closed, opened, closed, opened);
    const lines: string[] = [];
    const failing = { load: jest.fn(), save: jest.fn(), forget: jest.fn() };
    failing.load.mockRejectedValue(new Error('gone'));
    failing.save.mockRejectedValue(new Error('gone'));
    const log = { ...silentLog, warn: (_: object, message: string) => void lines.push(message) };
    const snapshots = new Snapshots<DoorState>({ store: failing, stateVersion: 1, parse, log, everyEvents: EVERY });
    const states = new StateReader(events, door, doorCodec, { statesMax: 10, snapshots });
    expect(await states.read('door-1')).toEqual({ state: 'open', revision: 4n });
    await snapshots.settled();
    expect(lines).toEqual(['a snapshot could not be read']);
    expect(failing.save).toHaveBeenCalledTimes(1);
  });

  it('keeps a bounded number waiting', () => {
    const { snapshots } = reader();
    const offer = (n: number): boolean => snapshots.offer(`door-${n}`, { state: 'open', revision: 5n, eventId: randomUUID() });
    const taken = Array.from({ length: 1_001 }, (_, n) => offer(n));
    expect(taken.filter(Boolean)).toHaveLength(1_000);
    expect(offer(7)).toBe(true);
  });
});
