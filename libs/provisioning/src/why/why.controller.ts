import { Get, Param, Query } from '@nestjs/common';
import { Documented, ManagementController } from '../management/documented';
import { IdPipe } from '../management/path.pipe';
import { RequireRight } from '../operators/require-right.guard';
import { WhyQuery, whySchema } from './why.dto';
import { WhyReader } from './why.reader';
import type { Why } from './why.reader';

@ManagementController('devices', 'Devices')
@RequireRight('AuditRead')
export class WhyController {
  constructor(private readonly reader: WhyReader) {}

  @Get(':registrationId/why')
  @Documented({
    summary: 'Why a device is where it is, in plain sentences, with what they rest on',
    description:
      'Told from the log alone: the grounds of its last decision, what was carried, who changed the enrollment or the hubs before. With `at` or `revision`, as it was then.',
    answer: whySchema,
    errors: [400, 404, 503],
  })
  why(@Param('registrationId', IdPipe) registrationId: string, @Query() query: WhyQuery): Promise<Why> {
    const { at, revision, preview = false } = query;
    return this.reader.why(registrationId, { at, revision }, preview);
  }
}
