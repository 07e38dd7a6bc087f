import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { RequireRight } from '../operators/require-right.guard';
import type { Preview } from '../registrations/preview';
import { PreviewRegistration } from '../registrations/preview.query';
import { Documented, ManagementController } from './documented';
import { IdPipe } from './path.pipe';
import { PREVIEW_API_VERSION_DEFAULT, PreviewBody, previewSchema } from './preview.dto';
import { ProblemError } from './problem';

/** Reads only, though by POST: what a device would send does not fit into a query. */
@ManagementController('registrations', 'Registrations')
@RequireRight('RegistrationStatusRead')
export class PreviewController {
  constructor(private readonly queries: QueryBus) {}

  @Post(':registrationId/preview')
  @HttpCode(200)
  @Documented({
    summary: 'What would happen if the device registered now',
    description: 'Every rule looked at, and what it says. Nothing is stored, no hub is asked; a webhook only if told so.',
    answer: previewSchema,
    errors: [400, 404, 413, 415, 503],
  })
  async preview(@Param('registrationId', IdPipe) registrationId: string, @Body() body: PreviewBody): Promise<Preview> {
    const { apiVersion = PREVIEW_API_VERSION_DEFAULT, payload, callWebhook = false, remoteAddress, enrollmentGroupId } = body;
    const request = {
      apiVersion,
      payload: payload ?? null,
      callWebhook,
      remoteAddress: remoteAddress ?? null,
      enrollmentGroupId: enrollmentGroupId ?? null,
    };
    const preview = await this.queries.execute(new PreviewRegistration(registrationId, request));
    if (preview === undefined) {
      throw ProblemError.notFound(
        `No enrollment is known for ${registrationId}; for a device of a group name enrollmentGroupId.`,
      );
    }
    return preview;
  }
}
