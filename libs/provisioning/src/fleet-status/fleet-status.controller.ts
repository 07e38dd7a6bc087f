import { Get, Inject, Query } from '@nestjs/common';
import { Documented, ManagementController } from '../management/documented';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import { deviceStatusWords } from '../read-models/device-status.queries';
import { CLOCK } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { FleetStatusReader } from './fleet-status';
import type { FleetStatus, HubStatus } from './fleet-status';
import { OPERATIONS_MAX } from './fleet-status.queries';
import type { FailureCount, MinuteCount, StatusCount } from './fleet-status.queries';
import { FLOW_DAYS_MAX, flowRange } from './flow-range';
import { HubFlowsReader } from './hub-flows';
import type { HubFlows } from './hub-flows';
import { HubFlowsQuery, hubFlowsSchema } from './hub-flows.dto';
import { FLOWS_MAX } from './hub-flows.queries';

const { text, word, instant, integer, boolean, array, orNull, object } = schema;

const fleetStatusSchema = object<FleetStatus>({
  at: instant(),
  devices: integer(),
  statuses: array(object<StatusCount>({ status: word(...deviceStatusWords), devices: integer() })),
  hubs: array(
    object<HubStatus>({
      hub: text(),
      linked: boolean('A hub that is not linked any more may still have devices.'),
      answers: boolean('False when this process had no answer lately; true also when it has not asked.'),
      devices: integer(),
      capacity: orNull(integer()),
      allocationWeight: integer(),
      cordoned: boolean(),
      draining: boolean(),
      location: text(),
    }),
  ),
  failures: array(object<FailureCount>({ kind: word('assignment', 'attestation'), reason: text(), count: integer() })),
  minutes: array(object<MinuteCount>({ at: instant(), registrations: integer(), moves: integer(), failures: integer() })),
});

@ManagementController('fleet', 'Devices')
@RequireRight('RegistrationStatusRead')
export class FleetStatusController {
  constructor(
    private readonly reader: FleetStatusReader,
    private readonly flowsReader: HubFlowsReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('status')
  @Documented({
    summary: 'The fleet now at a glance: how devices stand, what each hub has, what failed and what happened in the last hour',
    description: `Cheap to ask often: counts are shared by all callers. The last hour is told from the newest ${OPERATIONS_MAX} operations at most.`,
    answer: fleetStatusSchema,
    errors: [503],
  })
  status(): Promise<FleetStatus> {
    return this.reader.read();
  }
  @Get('flows')
  @Documented({
    summary: 'Flows between hubs over time: how many devices came to each hub, from where, in each hour or day',
    description: `Counted when they had arrived; hours and days are those of UTC, and \`since\` and \`until\` are widened to whole ones. At most ${FLOW_DAYS_MAX.hour} days by hour and ${FLOW_DAYS_MAX.day} by day; the ${FLOWS_MAX} flows with most devices. Cheap to ask often: answers are shared by all callers.`,
    answer: hubFlowsSchema,
    errors: [400, 503],
  })
  flows(@Query() query: HubFlowsQuery): Promise<HubFlows> {
    return this.flowsReader.read(flowRange(query, this.clock()));
  }
}
