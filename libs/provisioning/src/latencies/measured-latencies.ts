import { Inject, Injectable, Logger } from '@nestjs/common';
import { CallerRegion } from '../registrations/allocation.latency';
import { Networks } from '../shared/networks';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { MeasuredLatency, addMeasurement, allMeasured } from './latency-measurements.queries';

/** Measurements change slowly: registrations of one process are content with what was read so long ago. */
const RECENT_MS = 5_000;

/** What was measured, added to what an operator wrote down: only for hubs that the table says nothing of. */
export class MeasuredTable {
  private readonly networks: Networks;

  constructor(private readonly measured: readonly MeasuredLatency[]) {
    const origins = measured.flatMap(({ originKind, origin }) => (originKind === 'network' ? [origin] : []));
    this.networks = new Networks([...new Set(origins)]);
  }

  /** The caller's region with its measurements; a caller in no region may be in a network that was measured. */
  addTo(region: CallerRegion | null, address: string | null): CallerRegion | null {
    if (region !== null && region.name !== null) return { ...region, measuredMs: this.of('region', region.name) };
    const network = address === null ? undefined : this.networks.find(address);
    if (network === undefined) return region;
    const toleranceMs = region?.toleranceMs ?? 0;
    return { name: network, network, latenciesMs: {}, measuredMs: this.of('network', network), toleranceMs };
  }

  private of(kind: MeasuredLatency['originKind'], name: string): ReadonlyMap<string, number> {
    const found = this.measured.filter(({ originKind, origin }) => originKind === kind && origin === name);
    return new Map(found.map(({ hub, latencyMs }) => [hub, latencyMs]));
  }
}

/** The measurements that agents sent, as a fact for allocation; without its table devices are placed as if nothing was measured. */
@Injectable()
export class MeasuredLatencies {
  private readonly logger = new Logger('latencies');
  private known = new MeasuredTable([]);
  private readAtMs = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(@Inject(READ_DATABASE) private readonly database: ReadDatabase) {}

  async readRecent(): Promise<MeasuredTable> {
    if (performance.now() - this.readAtMs > RECENT_MS) await (this.reading ??= this.read());
    return this.known;
  }

  /** One more sample, which this process heeds from now on. */
  async add(measurement: Parameters<typeof addMeasurement>[1]): Promise<void> {
    await addMeasurement(this.database, measurement);
    this.readAtMs = -Infinity;
  }

  private async read(): Promise<void> {
    try {
      this.known = new MeasuredTable(await allMeasured(this.database));
    } catch (error) {
      this.logger.warn({ reason: 'measured latencies could not be read', error: String(error) });
    } finally {
      this.readAtMs = performance.now();
      this.reading = undefined;
    }
  }
}
