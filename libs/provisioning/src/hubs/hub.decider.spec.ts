import fc from 'fast-check';
import { fold, Rejected } from '@app/event-sourcing';
import { specification } from '@app/event-sourcing/specification';
import { HubCommand, hubDecider, HubsState, LINKED_HUBS_MAX, UNLINKED_HUBS_REMEMBERED_MAX } from './hub.decider';
import { HubEvent, hubShapes, LinkedHub } from './hub.events';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
let sealings = 0;
const connection = (hostName: string, key = 'a key') => ({
  hostName,
  connectionString: { sealed: `v1.${++sealings}`, fingerprint: `fingerprint of ${key}` },
});
const hub = (hostName: string, overrides: Partial<LinkedHub> = {}): LinkedHub => ({
  hostName,
  connectionString: connection(hostName).connectionString,
  location: 'westeurope',
  allocationWeight: 1,
  applyAllocationPolicy: true,
  cordoned: false,
  draining: false,
  capacity: null,
  ...overrides,
});
const linked = (hostName: string): HubEvent => ({ type: 'HubLinked', data: { hub: hub(hostName), at: at(0) } });
const unlinked = (hostName: string): HubEvent => ({ type: 'HubUnlinked', data: { hostName, at: at(5) } });

const link = (hostName: string, overrides: object = {}) =>
  ({
    type: 'LinkHub',
    hostName,
    connection: connection(hostName),
    location: 'westeurope',
    allocationWeight: 1,
    applyAllocationPolicy: true,
    at: at(1),
    ...overrides,
  }) satisfies HubCommand;
const update = (hostName: string, overrides: object = {}) =>
  ({
    type: 'UpdateLinkedHub',
    hostName,
    connection: null,
    location: null,
    allocationWeight: null,
    applyAllocationPolicy: null,
    ifMatch: 'unconditional',
    at: at(2),
    ...overrides,
  }) satisfies HubCommand;
const unlink = (hostName: string, overrides: object = {}) =>
  ({ type: 'UnlinkHub', hostName, ifMatch: 'unconditional', at: at(5), ...overrides }) satisfies HubCommand;

const after = (events: readonly HubEvent[]): HubsState => fold(hubDecider, events);

/** The events, or the reason of a refusal. */
function decide(command: HubCommand, state: HubsState): readonly HubEvent[] | string {
  try {
    return hubDecider.decide(command, state);
  } catch (error) {
    if (error instanceof Rejected) return (error as Rejected).reason;
    throw error;
  }
}

const given = specification(hubDecider);

describe('linking a hub', () => {
  it('stores what was said of it', () => {
    const command = link('hub-a');
    given([])
      .when(command)
      .then([
        {
          type: 'HubLinked',
          data: { hub: hub('hub-a', { connectionString: command.connection.connectionString }), at: at(1) },
        },
      ]);
  });

  it('happens once; a different one of that name is refused', () => {
    given([linked('hub-a')])
      .when(link('hub-a'))
      .thenNothing();
    given([linked('hub-a')])
      .when(link('hub-a', { allocationWeight: 2 }))
      .thenRejected('hub-already-linked');
    given([linked('hub-a')])
      .when(link('hub-a', { connection: connection('hub-a', 'another key') }))
      .thenRejected('hub-already-linked');
  });

  it('needs the connection string of that hub', () => {
    given([])
      .when(link('hub-a', { connection: connection('hub-b') }))
      .thenRejected('hub-name-mismatch');
  });

  it.each([0, 1001, 1.5, -1, Number.NaN])('refuses the weight %d', (allocationWeight) => {
    given([]).when(link('hub-a', { allocationWeight })).thenRejected('hub-weight-out-of-range');
    given([linked('hub-a')])
      .when(update('hub-a', { allocationWeight }))
      .thenRejected('hub-weight-out-of-range');
  });

  it(`stops at ${LINKED_HUBS_MAX}`, () => {
    const hubs = Array.from({ length: LINKED_HUBS_MAX }, (_, index) => linked(`hub-${index}`));
    given([...hubs])
      .when(link('hub-x'))
      .thenRejected('too-many-hubs');
    expect(decide(link('hub-x'), after([...hubs, unlinked('hub-3')]))).toHaveLength(1);
  });
});

describe('updating a linked hub', () => {
  it('changes what was said and keeps the rest', () => {
    const before = hub('hub-a');
    given([{ type: 'HubLinked', data: { hub: before, at: at(0) } }])
      .when(update('hub-a', { allocationWeight: 7 }))
      .then([{ type: 'LinkedHubUpdated', data: { hub: { ...before, allocationWeight: 7 }, at: at(2) } }]);
  });

  it('opens and closes it, and null lifts its limit', () => {
    const before = hub('hub-a');
    const closed = { ...before, cordoned: true, capacity: 10 };
    given([{ type: 'HubLinked', data: { hub: before, at: at(0) } }])
      .when(update('hub-a', { availability: { cordoned: true, capacity: 10 } }))
      .then([{ type: 'LinkedHubUpdated', data: { hub: closed, at: at(2) } }]);
    given([{ type: 'HubLinked', data: { hub: closed, at: at(0) } }])
      .when(update('hub-a', { availability: { draining: true, capacity: null } }))
      .then([{ type: 'LinkedHubUpdated', data: { hub: { ...before, cordoned: true, draining: true }, at: at(2) } }]);
    given([linked('hub-a')])
      .when(update('hub-a', { availability: { capacity: -1 } }))
      .thenRejected('hub-capacity-out-of-range');
  });

  it('reads events from before hubs could be closed', () => {
    const { hostName, connectionString, location, allocationWeight, applyAllocationPolicy } = hub('a.example');
    const old = { hub: { hostName, connectionString, location, allocationWeight, applyAllocationPolicy }, at: at(0) };
    expect(hubShapes.HubLinked.parse(old)).toMatchObject({ hub: { cordoned: false, draining: false, capacity: null } });
  });

  it('knows the stored connection string by its fingerprint', () => {
    given([linked('hub-a')])
      .when(update('hub-a', { connection: connection('hub-a') }))
      .thenNothing();
    const changed = connection('hub-a', 'another key');
    const before = hub('hub-a');
    given([{ type: 'HubLinked', data: { hub: before, at: at(0) } }])
      .when(update('hub-a', { connection: changed }))
      .then([{ type: 'LinkedHubUpdated', data: { hub: { ...before, connectionString: changed.connectionString }, at: at(2) } }]);
  });

  it('is refused when the hub is not as If-Match says; changes of other hubs do not matter', () => {
    const events = [linked('hub-a'), linked('hub-b')];
    given([...events])
      .when(update('hub-a', { allocationWeight: 7, ifMatch: { revision: 1n } }))
      .thenRejected('hub-changed');
    expect(decide(update('hub-a', { allocationWeight: 7, ifMatch: { revision: 0n } }), after(events))).toHaveLength(1);
    given([]).when(update('hub-a')).thenRejected('hub-not-linked');
    given([])
      .when(update('hub-a', { ifMatch: 'exists' }))
      .thenRejected('hub-changed');
  });
});

describe('unlinking a hub', () => {
  it('happens once, and keeps its connection for moves under way', () => {
    given([linked('hub-a')])
      .when(unlink('hub-a'))
      .then([unlinked('hub-a')]);
    given([linked('hub-a'), unlinked('hub-a')])
      .when(unlink('hub-a'))
      .thenRejected('hub-not-linked');
    given([linked('hub-a')])
      .when(unlink('hub-a', { ifMatch: { revision: 4n } }))
      .thenRejected('hub-changed');
    const state = after([linked('hub-a'), unlinked('hub-a')]);
    expect([...state.linked.keys()]).toEqual([]);
    expect(state.unlinked.get('hub-a')).toMatchObject({
      hostName: 'hub-a',
      connectionString: { fingerprint: 'fingerprint of a key' },
    });
    expect([...after([linked('hub-a'), unlinked('hub-a'), linked('hub-a')]).unlinked.keys()]).toEqual([]);
  });

  it('remembers a bounded number', () => {
    const names = Array.from({ length: UNLINKED_HUBS_REMEMBERED_MAX + 3 }, (_, index) => `hub-${index}`);
    const state = after(names.flatMap((name) => [linked(name), unlinked(name)]));
    expect([...state.unlinked.keys()]).toEqual(names.slice(3));
  });
});

describe('every accepted command', () => {
  const names = fc.constantFrom('hub-a', 'hub-b');
  const conditions = fc.oneof(
    fc.constantFrom('unconditional' as const, 'exists' as const),
    fc.bigInt({ min: 0n, max: 4n }).map((revision) => ({ revision })),
  );
  const commands: fc.Arbitrary<() => HubCommand> = fc.oneof(
    fc.tuple(names, fc.integer({ min: 1, max: 2 })).map(
      ([name, allocationWeight]) =>
        () =>
          link(name, { allocationWeight }),
    ),
    fc.tuple(names, fc.option(fc.constantFrom('k1', 'k2')), fc.option(fc.integer({ min: 1, max: 3 })), conditions).map(
      ([name, key, allocationWeight, ifMatch]) =>
        () =>
          update(name, { connection: key === null ? null : connection(name, key), allocationWeight, ifMatch }),
    ),
    fc.tuple(names, conditions).map(
      ([name, ifMatch]) =>
        () =>
          unlink(name, { ifMatch }),
    ),
  );
  const evolved = (state: HubsState, events: readonly HubEvent[]): HubsState =>
    events.reduce((folded, event) => hubDecider.evolve(folded, event), state);

  it('may be sent twice: the second time nothing happens', () => {
    let repeated = 0;
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 6 }), commands, (history, command) => {
        let state = after([]);
        for (const earlier of history) {
          const events = decide(earlier(), state);
          if (typeof events !== 'string') state = evolved(state, events);
        }
        const first = decide(command(), state);
        if (typeof first === 'string') return;
        const second = decide(command(), evolved(state, first));
        if (command().type === 'UnlinkHub') expect(second).toBe('hub-not-linked');
        else expect(second).toEqual([]);
        repeated++;
      }),
      { numRuns: 1_000 },
    );
    expect(repeated).toBeGreaterThan(100);
  });
});
