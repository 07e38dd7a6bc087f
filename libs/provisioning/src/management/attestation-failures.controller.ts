import { Get, Inject, Param, Query } from '@nestjs/common';
import {
  AttestationFailure,
  findAttestationFailure,
  listAttestationFailures,
} from '../attestation-failures/attestation-failures.queries';
import { RequireRight } from '../operators/require-right.guard';
import { Page } from '../read-models/page';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { attestationFailureSchema, AttestationFailuresQuery } from './attestation-failures.dto';
import { Documented, ManagementController } from './documented';
import { IdPipe } from './path.pipe';
import { ProblemError } from './problem';
import { schema } from './schemas';

@ManagementController('attestation-failures', 'Attestation failures')
@RequireRight('RegistrationStatusRead')
export class AttestationFailuresController {
  constructor(@Inject(READ_DATABASE) private readonly database: ReadDatabase) {}

  @Get()
  @Documented({
    summary: 'Devices that could not prove who they are, the latest first',
    description:
      'What such a device presented is only its claim. The list is bounded: the oldest go, and what fails too fast is only in the log. A failure shows within two seconds.',
    answer: schema.page(attestationFailureSchema),
    errors: [400, 503],
  })
  async list(@Query() query: AttestationFailuresQuery): Promise<Page<AttestationFailure>> {
    const { check, transport } = query;
    return listAttestationFailures(this.database, { check, transport }, query);
  }

  @Get(':registrationId')
  @Documented({ summary: 'How one registration id failed last', answer: attestationFailureSchema, errors: [400, 404, 503] })
  async one(@Param('registrationId', IdPipe) registrationId: string): Promise<AttestationFailure> {
    const failure = await findAttestationFailure(this.database, registrationId);
    if (failure === undefined) throw ProblemError.notFound(`No failed attestation of ${registrationId} is known.`);
    return failure;
  }
}
