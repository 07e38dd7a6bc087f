import { Get, Inject, Query } from '@nestjs/common';
import { Documented, ManagementController } from '../management/documented';
import { ProblemError } from '../management/problem';
import { ReadOwnWrites } from '../management/projection-monitor';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import type { Page } from '../read-models/page';
import type { ReadDatabase } from '../shared/read-database';
import { CLOCK, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { deviceHistoryProjection } from './device-history.projection';
import { FleetDiff, fleetDiff } from './fleet-diff.queries';
import { FleetDevicesQuery, FleetDiffQuery, FleetQuery, fleetDeviceSchema, fleetDiffSchema, fleetSchema } from './fleet.dto';
import { Fleet, FleetDevice, fleetAt, fleetDevices } from './fleet.queries';
import { HUB_TWINS } from './hub-twins';
import type { HubTwins } from './hub-twins';
import { refuseFuture } from './moment';

@ManagementController('fleet', 'Time travel')
@RequireRight('RegistrationStatusRead')
export class FleetController {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HUB_TWINS) private readonly hubTwins: HubTwins,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  @Get()
  @Documented({
    summary: 'How many devices each hub had at an instant, and how they stood',
    description: 'Time is when the log recorded things. A registration that was deleted by then does not count.',
    answer: fleetSchema,
    errors: [400, 503],
  })
  async fleet(@Query() query: FleetQuery): Promise<Fleet> {
    const at = this.instant('at', query.at);
    await this.ownWrites.wait(query.atLeast, deviceHistoryProjection);
    return fleetAt(this.database, at);
  }

  @Get('devices')
  @Documented({
    summary: 'Where each device was at an instant, by registration id',
    answer: schema.page(fleetDeviceSchema),
    errors: [400, 503],
  })
  async devices(@Query() query: FleetDevicesQuery): Promise<Page<FleetDevice>> {
    const at = this.instant('at', query.at);
    await this.ownWrites.wait(query.atLeast, deviceHistoryProjection);
    return fleetDevices(this.database, at, { hub: query.hub, status: query.status }, query);
  }

  @Get('diff')
  @Documented({
    summary: 'What differs between two instants: who moved, came or went, and whose twin was written',
    answer: fleetDiffSchema,
    errors: [400, 503],
  })
  async diff(@Query() query: FleetDiffQuery): Promise<FleetDiff> {
    const from = this.instant('from', query.from);
    const to = this.instant('to', query.to);
    if (from > to) throw ProblemError.invalidRequest(`from is later than to: ${from}, ${to}.`);
    await this.ownWrites.wait(query.atLeast, deviceHistoryProjection);
    return fleetDiff(this.database, { from, to, twinChangesTable: this.hubTwins.changesTable }, query);
  }

  private instant(name: string, time: string | undefined): string {
    const now = this.clock();
    refuseFuture(name, time, now);
    return time ?? now.toISOString();
  }
}
