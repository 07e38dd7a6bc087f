import { Body, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { LinkedHubs } from '../hubs/linked-hubs';
import { listOf } from '../management/answers';
import { Documented, ManagementController } from '../management/documented';
import { ProblemError } from '../management/problem';
import { RequireRight } from '../operators/require-right.guard';
import { isNetwork } from '../shared/networks';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { LatencyMeasurementInput, measuredLatencySchema } from './latencies.dto';
import { MeasuredLatency, allMeasured } from './latency-measurements.queries';
import { MeasuredLatencies } from './measured-latencies';

@ManagementController('latency-measurements', 'Linked hubs')
@RequireRight('ServiceConfig')
export class LatenciesController {
  constructor(
    private readonly latencies: MeasuredLatencies,
    private readonly hubs: LinkedHubs,
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
  ) {}

  @Get()
  @Documented({
    summary: 'Measured latencies from regions and networks to hubs, as allocation by latency uses them',
    answer: listOf(measuredLatencySchema),
    errors: [503],
  })
  async list(): Promise<{ items: readonly MeasuredLatency[] }> {
    return { items: await allMeasured(this.database) };
  }

  @Post()
  @HttpCode(204)
  @Documented({
    summary: 'One measurement of the latency to a linked hub',
    description:
      'The median of the last 15 counts, for hubs whose location the latency table has no value for. Devices that call in the next five seconds may still be placed by what was known before.',
    errors: [400, 404, 503],
  })
  async add(@Body() { region, network, hub, latencyMs }: LatencyMeasurementInput): Promise<void> {
    const name = region ?? network ?? '';
    if (region !== undefined && network !== undefined) {
      throw ProblemError.invalidRequest('The request is not as documented.', ['region and network exclude each other']);
    }
    if (region === undefined && !isNetwork(name)) {
      throw ProblemError.invalidRequest('The request is not as documented.', ['network must be a network such as 10.0.0.0/8']);
    }
    const hostName = hub.toLowerCase();
    const { linked } = await this.hubs.readRecent();
    if (!linked.has(hostName)) throw ProblemError.notFound(`No hub ${hostName} is linked.`);
    await this.latencies.add({ originKind: region === undefined ? 'network' : 'region', origin: name, hub: hostName, latencyMs });
  }
}
