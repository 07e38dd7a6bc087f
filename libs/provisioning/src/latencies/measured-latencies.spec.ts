import { allocate, HubFact } from '../registrations/allocation';
import { parseLatencyTable } from '../registrations/latency-table';
import { MeasuredLatency, OriginKind } from './latency-measurements.queries';
import { MeasuredTable } from './measured-latencies';

const hub = (hostName: string, location: string): HubFact => ({
  hostName,
  location,
  allocationWeight: 1,
  applyAllocationPolicy: true,
});
const linked = [hub('hub-eu', 'westeurope'), hub('hub-us', 'eastus'), hub('hub-new', '')];
const table = parseLatencyTable(
  JSON.stringify({
    toleranceMs: 3,
    regions: { europe: { networks: ['10.1.0.0/16'], latenciesMs: { westeurope: 20, eastus: 90 } } },
  }),
);
const measured = (originKind: OriginKind, origin: string, name: string, latencyMs: number): MeasuredLatency => ({
  originKind,
  origin,
  hub: name,
  latencyMs,
  samples: 1,
  measuredAt: '2026-01-01T00:00:00.000Z',
});

const from = (address: string | null, rows: readonly MeasuredLatency[], region = table.regionOf(address)) =>
  allocate({
    registrationId: 'device-1',
    policy: 'geoLatency',
    linked,
    listed: [],
    region: new MeasuredTable(rows).addTo(region, address),
  });

describe('allocation by measured latencies', () => {
  test('a hub that the table has no latency for is chosen when it was measured as nearer', () => {
    const outcome = from('10.1.2.3', [measured('region', 'europe', 'hub-new', 4)]);
    expect(outcome).toMatchObject({ chosen: 'hub-new', latency: { region: 'europe', network: '10.1.0.0/16' } });
    expect(outcome.latency?.hubs).toEqual([
      { hub: 'hub-eu', latencyMs: 20 },
      { hub: 'hub-us', latencyMs: 90 },
      { hub: 'hub-new', latencyMs: 4, measured: true },
    ]);
    expect(outcome.reason).toContain('(4 ms, measured)');
  });

  test('what the table says is not overruled by what was measured', () => {
    const outcome = from('10.1.2.3', [measured('region', 'europe', 'hub-us', 1)]);
    expect(outcome.chosen).toBe('hub-eu');
    expect(outcome.reason).not.toContain('measured');
  });

  test('a caller in no region may be in a network that was measured, the narrowest one', () => {
    const rows = [measured('network', '192.0.2.0/24', 'hub-us', 9), measured('network', '192.0.2.128/25', 'hub-eu', 9)];
    expect(from('192.0.2.1', rows)).toMatchObject({ chosen: 'hub-us', latency: { region: '192.0.2.0/24', toleranceMs: 3 } });
    expect(from('192.0.2.200', rows)).toMatchObject({ chosen: 'hub-eu', latency: { network: '192.0.2.128/25' } });
    expect(from('198.51.100.1', rows).latency).toBeNull();
    expect(from(null, rows).latency).toBeNull();
  });

  test('nothing needs to be configured', () => {
    const region = new MeasuredTable([measured('network', '192.0.2.7', 'hub-us', 9)]).addTo(null, '192.0.2.7');
    const outcome = allocate({ registrationId: 'device-1', policy: 'geoLatency', linked, listed: [], region });
    expect(outcome).toMatchObject({ chosen: 'hub-us', latency: { region: '192.0.2.7', toleranceMs: 0 } });
  });
});
