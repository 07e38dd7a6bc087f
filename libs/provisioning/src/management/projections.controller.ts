import { Get, Inject } from '@nestjs/common';
import { RequireRight } from '../operators/require-right.guard';
import { listOf } from './answers';
import { Documented, ManagementController } from './documented';
import { PROJECTION_MONITOR } from './projection-monitor';
import type { ProjectionMonitor, ProjectionStatus } from './projection-monitor';
import { schema } from './schemas';

const statusSchema = schema.object<ProjectionStatus>({
  name: schema.text(),
  version: schema.integer(),
  state: schema.word('running', 'standby', 'stopped', 'failed'),
  position: schema.text('The read model holds everything up to here.'),
  caughtUp: schema.boolean(),
  lagMs: schema.integer('Since the oldest event that it has not taken was recorded, at most.'),
  lagEvents: schema.orNull(schema.integer('Events it has not taken, at most.')),
  error: schema.orNull(schema.text('Why it cannot go on; it is tried again by itself.')),
});

@ManagementController('projections', 'Projections')
@RequireRight('RegistrationStatusRead')
export class ProjectionsController {
  constructor(@Inject(PROJECTION_MONITOR) private readonly monitor: ProjectionMonitor) {}

  @Get()
  @Documented({ summary: 'How far each read model has come', answer: listOf(statusSchema), errors: [503] })
  async list(): Promise<{ items: readonly ProjectionStatus[] }> {
    return { items: await this.monitor.status() };
  }
}
