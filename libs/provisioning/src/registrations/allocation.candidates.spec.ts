import fc from 'fast-check';
import { Allocation, HubFact, allocate } from './allocation';

const names = ['hub-a', 'hub-b', 'hub-c', 'hub-d'] as const;

const hub = (hostName: string, overrides: Partial<HubFact> = {}): HubFact => ({
  hostName,
  allocationWeight: 1,
  applyAllocationPolicy: true,
  ...overrides,
});

const hubs = fc.tuple(
  ...names.map((hostName) =>
    fc.record({
      hostName: fc.constant(hostName as string),
      allocationWeight: fc.integer({ min: 1, max: 1000 }),
      applyAllocationPolicy: fc.constant(true),
      cordoned: fc.boolean(),
      draining: fc.boolean(),
      capacity: fc.option(fc.integer({ min: 0, max: 3 })),
      devices: fc.option(fc.integer({ min: 0, max: 5 })),
      unreachable: fc.boolean(),
    }),
  ),
);
const device = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const current = fc.option(fc.constantFrom(...names));

const isFull = ({ capacity = null, devices = null }: HubFact): boolean =>
  capacity !== null && devices !== null && devices >= capacity;
/** Whether a new device may be sent there without need. */
const isOpen = (fact: HubFact): boolean =>
  fact.cordoned !== true && fact.draining !== true && fact.unreachable !== true && !isFull(fact);

const hashed = (registrationId: string, linked: readonly HubFact[], currentHub: string | null = null): Allocation =>
  allocate({ registrationId, policy: 'hashed', linked, listed: [], currentHub });

describe('which hubs take a device', () => {
  test('a hub that is closed is never chosen for a new device while one is open', () => {
    fc.assert(
      fc.property(hubs, device, (linked, registrationId) => {
        const { chosen } = hashed(registrationId, linked);
        const open = linked.filter(isOpen).map(({ hostName }) => hostName);
        if (open.length > 0) expect(open).toContain(chosen);
      }),
    );
  });

  test('a new device never goes to a hub that is cordoned, drained or full, whatever the others are', () => {
    fc.assert(
      fc.property(hubs, device, (linked, registrationId) => {
        const { chosen } = hashed(registrationId, linked);
        const fact = linked.find(({ hostName }) => hostName === chosen);
        if (fact === undefined) return;
        expect({ cordoned: fact.cordoned, draining: fact.draining, full: isFull(fact) }).toEqual({
          cordoned: false,
          draining: false,
          full: false,
        });
      }),
    );
  });

  test('every hub is a candidate or left out with a reason', () => {
    fc.assert(
      fc.property(hubs, device, current, (linked, registrationId, currentHub) => {
        const { candidates, excluded } = hashed(registrationId, linked, currentHub);
        const seen = [...candidates.map(({ hub: name }) => name), ...excluded.map(({ hub: name }) => name)];
        expect([...seen].sort()).toEqual([...names]);
        for (const { reason } of excluded) expect(reason).not.toBe('');
      }),
    );
  });

  test('draining a hub moves its devices and no others', () => {
    fc.assert(
      fc.property(fc.array(device, { minLength: 1, maxLength: 40 }), fc.constantFrom(...names), (devices, drained) => {
        const before = names.map((name) => hub(name));
        const after = names.map((name) => hub(name, { draining: name === drained }));
        for (const id of devices) {
          const was = hashed(id, before).chosen;
          const is = hashed(id, after, was).chosen;
          if (was === drained) expect(is).not.toBe(drained);
          else expect(is).toBe(was);
        }
      }),
    );
  });

  test('cordoning, filling or losing sight of a hub moves none of its devices', () => {
    const closings = [{ cordoned: true }, { capacity: 1, devices: 5 }, { unreachable: true }];
    fc.assert(
      fc.property(device, fc.constantFrom(...closings), (id, closed) => {
        const was = hashed(
          id,
          names.map((name) => hub(name)),
        ).chosen;
        const after = names.map((name) => hub(name, name === was ? closed : {}));
        expect(hashed(id, after, was).chosen).toBe(was);
      }),
    );
  });
});

describe('a hub that is closed', () => {
  test.each([
    [{ cordoned: true }, 'is cordoned: it takes no new devices'],
    [{ draining: true }, 'is being drained'],
    [{ capacity: 2, devices: 2 }, 'is full: 2 of 2 devices'],
    [{ unreachable: true }, 'cannot be reached at the moment'],
  ])('%j is left out with the reason', (closed, reason) => {
    const allocation = hashed('device-1', [hub('hub-a', closed), hub('hub-b')]);
    expect(allocation).toMatchObject({ chosen: 'hub-b', excluded: [{ hub: 'hub-a', reason }] });
    expect(allocation.reason).toContain(`hub-a: ${reason}`);
  });

  test('takes no new device even when it is the only one, and the device is told that there is no hub', () => {
    expect(hashed('device-1', [hub('hub-a', { cordoned: true })])).toMatchObject({
      chosen: null,
      errorCode: 400208,
      excluded: [{ hub: 'hub-a' }],
    });
  });

  test('is tried all the same when it is only out of sight and there is no other', () => {
    expect(hashed('device-1', [hub('hub-a', { unreachable: true })])).toMatchObject({ chosen: 'hub-a', excluded: [] });
  });

  test('keeps its devices while they have nowhere to go', () => {
    const drained = hub('hub-a', { draining: true });
    expect(hashed('device-1', [drained, hub('hub-b', { cordoned: true })], 'hub-a')).toMatchObject({ chosen: 'hub-a' });
    expect(hashed('device-1', [drained], 'hub-a')).toMatchObject({ chosen: 'hub-a' });
  });

  test('counts as open while its devices cannot be counted', () => {
    expect(hashed('device-1', [hub('hub-a', { capacity: 1, devices: null })])).toMatchObject({ chosen: 'hub-a' });
  });
});
