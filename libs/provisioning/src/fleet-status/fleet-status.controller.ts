import { Get } from '@nestjs/common';
import { Documented, ManagementController } from '../management/documented';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import { deviceStatusWords } from '../read-models/device-status.queries';
import { FleetStatusReader } from './fleet-status';
import type { FleetStatus, HubStatus } from './fleet-status';
import { OPERATIONS_MAX } from './fleet-status.queries';
import type { FailureCount, Flow, MinuteCount, StatusCount } from './fleet-status.queries';

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
  flows: array(object<Flow>({ from: text(), to: text(), devices: integer(), lastAt: instant() })),
  minutes: array(object<MinuteCount>({ at: instant(), registrations: integer(), moves: integer(), failures: integer() })),
});

@ManagementController('fleet', 'Devices')
@RequireRight('RegistrationStatusRead')
export class FleetStatusController {
  constructor(private readonly reader: FleetStatusReader) {}

  @Get('status')
  @Documented({
    summary: 'The fleet now at a glance: how devices stand, what each hub has, what failed and what moved in the last hour',
    description: `Cheap to ask often: counts are shared by all callers. The last hour is told from the newest ${OPERATIONS_MAX} operations at most.`,
    answer: fleetStatusSchema,
    errors: [503],
  })
  status(): Promise<FleetStatus> {
    return this.reader.read();
  }
}
