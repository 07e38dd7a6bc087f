import { Allocation, HubFact, allocate } from './allocation';
import { LatencyTable, parseLatencyTable } from './latency-table';

const hub = (hostName: string, location: string, allocationWeight = 1): HubFact => ({
  hostName,
  location,
  allocationWeight,
  applyAllocationPolicy: true,
});
const linked = [hub('hub-eu', 'WestEurope'), hub('hub-us', 'eastus'), hub('hub-as', 'japaneast')];

const document = {
  defaultRegion: 'europe',
  toleranceMs: 5,
  regions: {
    europe: { networks: ['10.1.0.0/16', '2001:db8:1::/48'], latenciesMs: { westeurope: 10, eastus: 90, japaneast: 230 } },
    america: { networks: ['10.2.0.0/16', '10.1.7.0/24'], latenciesMs: { westeurope: 92, eastus: 8, japaneast: 160 } },
    sea: { networks: ['10.3.0.0/16'], latenciesMs: { westeurope: 204, eastus: 200 } },
    moon: { networks: ['10.4.0.0/16'], latenciesMs: {} },
  },
};
const table = parseLatencyTable(JSON.stringify(document));

function from(address: string | null, registrationId = 'device-1', latencies: LatencyTable | null = table): Allocation {
  const region = latencies?.regionOf(address) ?? null;
  return allocate({ registrationId, policy: 'geoLatency', linked, listed: [], region });
}

describe('allocation by latency', () => {
  test.each([
    ['10.1.2.3', 'hub-eu', 'europe', '10.1.0.0/16'],
    ['::ffff:10.1.2.3', 'hub-eu', 'europe', '10.1.0.0/16'],
    ['2001:db8:1::7', 'hub-eu', 'europe', '2001:db8:1::/48'],
    ['10.2.2.3', 'hub-us', 'america', '10.2.0.0/16'],
    ['10.1.7.9', 'hub-us', 'america', '10.1.7.0/24'],
    ['192.0.2.1', 'hub-eu', 'europe', null],
  ])('from %s it is %s, by region %s', (address, chosen, region, network) => {
    expect(from(address)).toMatchObject({ chosen, latency: { region, network } });
  });

  test('hubs within the tolerance of the fastest tie, and devices are spread over them', () => {
    const chosen = new Set(Array.from({ length: 60 }, (_, n) => from('10.3.0.1', `device-${n}`).chosen));
    expect([...chosen].sort()).toEqual(['hub-eu', 'hub-us']);
    expect(from('10.3.0.1').reason).toContain('within 5 ms, so by weighted rendezvous');
  });

  test('the grounds have the latency of each candidate, also of one that the table does not know', () => {
    expect(from('10.3.0.1').latency?.hubs).toEqual([
      { hub: 'hub-eu', latencyMs: 204 },
      { hub: 'hub-us', latencyMs: 200 },
      { hub: 'hub-as', latencyMs: null },
    ]);
  });

  test('without anything known it is as hashed, and says so', () => {
    const hashed = allocate({ registrationId: 'device-1', policy: 'hashed', linked, listed: [] }).chosen;
    expect(from('10.4.0.1')).toMatchObject({ chosen: hashed, latency: null });
    expect(from('10.4.0.1').reason).toContain('region moon has no latency to any of the hubs');
    expect(from('10.1.2.3', 'device-1', null)).toMatchObject({ chosen: hashed, latency: null });
    expect(from('10.1.2.3', 'device-1', null).reason).toContain('no latencies are configured');
    const nowhere = parseLatencyTable(JSON.stringify({ regions: { europe: document.regions.europe } }));
    expect(from('192.0.2.1', 'device-1', nowhere)).toMatchObject({ chosen: hashed, latency: null });
    expect(from(null, 'device-1', nowhere).reason).toContain('the address of the caller is in no region');
  });

  test('a hub that is closed is not near', () => {
    const region = table.regionOf('10.1.2.3');
    const closed = linked.map((fact) => (fact.hostName === 'hub-eu' ? { ...fact, cordoned: true } : fact));
    const allocation = allocate({ registrationId: 'device-1', policy: 'geoLatency', linked: closed, listed: [], region });
    expect(allocation).toMatchObject({ chosen: 'hub-us', excluded: [{ hub: 'hub-eu' }] });
  });
});

describe('the file of latencies', () => {
  test.each([
    ['{', 'is not JSON'],
    ['[]', 'is not as documented'],
    [JSON.stringify({ regions: { a: { networks: ['10.0.0.0/33'], latenciesMs: {} } } }), 'must be an address or a network'],
    [JSON.stringify({ regions: { a: { latenciesMs: { x: -1 } } } }), 'regions.a.latenciesMs.x'],
    [JSON.stringify({ regions: { a: { latencies: {} } } }), 'regions.a'],
    [JSON.stringify({ defaultRegion: 'b', regions: { a: { latenciesMs: {} } } }), 'names a default region'],
    [
      JSON.stringify({
        regions: { a: { networks: ['10.0.0.0/8'], latenciesMs: {} }, b: { networks: ['10.0.0.0/8'], latenciesMs: {} } },
      }),
      'more than one region',
    ],
  ])('%s is refused', (text, problem) => {
    expect(() => parseLatencyTable(text)).toThrow(problem);
  });
});
