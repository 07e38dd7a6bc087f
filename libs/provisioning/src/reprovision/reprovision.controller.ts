import { HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { writeHeaders } from '../management/conditional';
import { Documented, ManagementController } from '../management/documented';
import { IdPipe } from '../management/path.pipe';
import { schema } from '../management/schemas';
import { Caller, RequireRight } from '../operators/require-right.guard';
import { reprovisionOutcome } from '../registrations/registration.events';
import type { RequestContext } from '../shared/request-context';
import { EVENT_STORE } from '../shared/tokens';
import { ReprovisionRequests } from './reprovision.request';
import type { ReprovisionAnswer } from './reprovision.request';

const answerSchema = schema.object<ReprovisionAnswer>({
  registrationId: schema.text(),
  hub: schema.text('Where the device was asked.'),
  deviceId: schema.text(),
  method: schema.text('Name of the direct method, from `REHOME_REPROVISION_METHOD`.'),
  outcome: schema.word(...reprovisionOutcome.options),
  methodStatus: schema.orNull(schema.integer('What the device answered.')),
  detail: schema.orNull(schema.text()),
});

@ManagementController('devices', 'Devices')
@RequireRight('RegistrationStatusWrite')
export class ReprovisionController {
  constructor(
    private readonly requests: ReprovisionRequests,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Post(':registrationId/reprovision-request')
  @HttpCode(200)
  @Documented({
    summary: 'Ask a connected device to register again',
    description:
      'Invokes a direct method at the hub where the device is and waits for its answer, up to 20 seconds. Whatever came of it is the answer, and an event of the device.',
    answer: answerSchema,
    errors: [400, 404, 503],
  })
  async request(
    @Param('registrationId', IdPipe) registrationId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReprovisionAnswer> {
    const { answer, position } = await this.requests.request(registrationId, caller);
    writeHeaders(reply, caller, { position: position ?? (await this.store.headPosition()) });
    return answer;
  }
}
