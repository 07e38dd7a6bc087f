import fc from 'fast-check';
import { Allocation, HubFact, allocate } from './allocation';

const hub = (hostName: string, allocationWeight = 1, applyAllocationPolicy = true): HubFact => ({
  hostName,
  allocationWeight,
  applyAllocationPolicy,
});
const hashed = (registrationId: string, linked: readonly HubFact[], listed: readonly string[] = []): Allocation =>
  allocate({ registrationId, policy: 'hashed', linked, listed });

const FLEET = Array.from({ length: 6000 }, (_, n) => `device-${n}`);

function shares(linked: readonly HubFact[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const id of FLEET) {
    const { chosen } = hashed(id, linked);
    counts[chosen ?? ''] = (counts[chosen ?? ''] ?? 0) + 1;
  }
  return counts;
}

describe('hashed allocation', () => {
  test('spreads devices in proportion to the weights', () => {
    const counts = shares([hub('hub-a', 1), hub('hub-b', 2), hub('hub-c', 3)]);
    expect(counts['hub-a']).toBeGreaterThan(900);
    expect(counts['hub-a']).toBeLessThan(1100);
    expect(counts['hub-b']).toBeGreaterThan(1850);
    expect(counts['hub-b']).toBeLessThan(2150);
  });

  test('a hub that is added takes its share, and nobody moves between the others', () => {
    const before = [hub('hub-a'), hub('hub-b')];
    const after = [...before, hub('hub-c')];
    const moved = FLEET.filter((id) => hashed(id, before).chosen !== hashed(id, after).chosen);
    expect(moved.every((id) => hashed(id, after).chosen === 'hub-c')).toBe(true);
    expect(moved.length).toBeGreaterThan(1850);
    expect(moved.length).toBeLessThan(2150);
  });

  test('a hub that is removed loses its devices, and nobody else moves', () => {
    const before = [hub('hub-a'), hub('hub-b'), hub('hub-c')];
    const after = before.slice(0, 2);
    for (const id of FLEET) {
      const { chosen } = hashed(id, before);
      if (chosen !== 'hub-c') expect(hashed(id, after).chosen).toBe(chosen);
    }
  });

  test('depends neither on the order of the hubs nor on the case of the id', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 1 }), (id, names) => {
        const { chosen } = hashed(
          id,
          names.toSorted().map((name) => hub(name)),
        );
        expect(
          hashed(
            id,
            names.map((name) => hub(name)),
          ).chosen,
        ).toBe(chosen);
        expect(
          hashed(
            id.toUpperCase(),
            names.map((name) => hub(name)),
          ).chosen,
        ).toBe(
          hashed(
            id.toLowerCase(),
            names.map((name) => hub(name)),
          ).chosen,
        );
      }),
    );
  });
});

describe('candidates', () => {
  test('are the hubs the enrollment lists, even those that take no devices by policy', () => {
    expect(hashed('d', [hub('hub-a'), hub('hub-b', 1, false)], ['HUB-B'])).toMatchObject({
      chosen: 'hub-b',
      candidates: [{ hub: 'hub-b', weight: 1 }],
    });
  });

  test('without a list are all linked hubs that take devices by policy', () => {
    expect(hashed('d', [hub('hub-a'), hub('hub-b', 1, false)])).toMatchObject({
      chosen: 'hub-a',
      candidates: [{ hub: 'hub-a', weight: 1 }],
    });
  });

  test('a listed hub that is not linked is passed over, and the grounds say so', () => {
    const allocation = hashed('d', [hub('hub-a')], ['hub-a', 'gone']);
    expect(allocation).toMatchObject({ chosen: 'hub-a' });
    expect(allocation.reason).toContain('listed but not linked: gone');
  });

  test('none left: 400208', () => {
    expect(hashed('d', [hub('hub-a')], ['gone'])).toMatchObject({ chosen: null, errorCode: 400208 });
    expect(hashed('d', [])).toMatchObject({ chosen: null, errorCode: 400208 });
  });
});

describe('the other policies', () => {
  const linked = [hub('hub-a'), hub('hub-b')];
  test('static takes the one hub that is named', () => {
    expect(allocate({ registrationId: 'd', policy: 'static', linked, listed: ['hub-b'] })).toMatchObject({ chosen: 'hub-b' });
  });
  test.each([[[]], [['hub-a', 'hub-b']]])('static with %j is refused', (listed) => {
    expect(allocate({ registrationId: 'd', policy: 'static', linked, listed })).toMatchObject({
      chosen: null,
      errorCode: 400208,
    });
  });
  test('geoLatency spreads by weight while no latencies are known', () => {
    const { chosen } = hashed('d', linked);
    expect(allocate({ registrationId: 'd', policy: 'geoLatency', linked, listed: [] })).toMatchObject({ chosen });
  });
  test('custom is refused: nobody is asked', () => {
    expect(allocate({ registrationId: 'd', policy: 'custom', linked, listed: [] })).toMatchObject({
      chosen: null,
      errorCode: 400207,
    });
  });
});
