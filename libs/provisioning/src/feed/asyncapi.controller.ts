import { Get } from '@nestjs/common';
import { Documented, ManagementController } from '../management/documented';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import { asyncApiDocument } from './asyncapi';

@ManagementController('asyncapi.json', 'This document')
@RequireRight('RegistrationStatusRead')
export class AsyncApiController {
  private readonly document = asyncApiDocument();

  @Get()
  @Documented({ summary: 'The events of the feed and the webhooks', answer: schema.anyObject('AsyncAPI 3'), errors: [] })
  get(): object {
    return this.document;
  }
}
