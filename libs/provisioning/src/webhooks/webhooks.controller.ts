import { Body, Delete, Get, HttpCode, Inject, Param, Post, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { listOf } from '../management/answers';
import { writeHeaders } from '../management/conditional';
import { Documented, ManagementController } from '../management/documented';
import { ProblemError } from '../management/problem';
import { Caller, RequireRight } from '../operators/require-right.guard';
import type { RequestContext } from '../shared/request-context';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { discardDeadLetter, listDeadLetters, reviveDeadLetters } from '../webhook-delivery/dead-letters.queries';
import type { DeadLetter } from '../webhook-delivery/dead-letters.queries';
import { EventIdPipe, WebhookNamePipe } from './webhooks.pipes';
import { RetryBody, WebhookBody, deadLetterSchema, retriedSchema, webhookSchema } from './webhooks.dto';
import type { WebhookAnswer } from './webhooks.dto';
import { Webhooks } from './webhooks.service';

@ManagementController('webhooks', 'Webhooks')
@RequireRight('AuditWrite')
export class WebhooksController {
  constructor(
    private readonly webhooks: Webhooks,
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
  ) {}

  @Get()
  @RequireRight('AuditRead')
  @Documented({ summary: 'All webhooks and where they stand', answer: listOf(webhookSchema), errors: [503] })
  async list(): Promise<{ items: WebhookAnswer[] }> {
    return { items: await this.webhooks.list() };
  }

  @Get(':name')
  @RequireRight('AuditRead')
  @Documented({ summary: 'A webhook and where it stands', answer: webhookSchema, errors: [400, 404, 503] })
  one(@Param('name', WebhookNamePipe) name: string): Promise<WebhookAnswer> {
    return this.webhooks.one(name);
  }

  @Put(':name')
  @Documented({
    summary: 'Add a webhook, or change one',
    description: 'A change of address, secret or filters holds for what is delivered from then on; nothing is delivered again.',
    answer: webhookSchema,
    errors: [400, 404, 409, 413, 415, 503],
  })
  async put(
    @Param('name', WebhookNamePipe) name: string,
    @Body() body: WebhookBody,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookAnswer> {
    const { answer, position } = await this.webhooks.set(name, body, caller);
    writeHeaders(reply, caller, { position });
    return answer;
  }

  @Delete(':name')
  @HttpCode(204)
  @Documented({
    summary: 'Remove a webhook',
    description: 'What waits for it is forgotten, its dead letters as well; the events stay in the log.',
    errors: [400, 404, 409, 503],
  })
  async remove(
    @Param('name', WebhookNamePipe) name: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    writeHeaders(reply, caller, { position: await this.webhooks.remove(name, caller) });
  }

  @Get(':name/dead-letters')
  @RequireRight('AuditRead')
  @Documented({
    summary: 'Events that could not be delivered in all attempts, oldest first',
    description: 'At most 1,000 of them.',
    answer: listOf(deadLetterSchema),
    errors: [400, 404, 503],
  })
  async deadLetters(@Param('name', WebhookNamePipe) name: string): Promise<{ items: DeadLetter[] }> {
    const { webhookId } = await this.webhooks.known(name);
    return { items: await listDeadLetters(this.database, webhookId) };
  }

  @Post(':name/dead-letters/retry')
  @HttpCode(200)
  @Documented({
    summary: 'Deliver dead letters again',
    description: 'What waits behind each of them follows in its order.',
    answer: retriedSchema,
    errors: [400, 404, 413, 415, 503],
  })
  async retry(@Param('name', WebhookNamePipe) name: string, @Body() body?: RetryBody): Promise<{ retried: number }> {
    const { webhookId } = await this.webhooks.known(name);
    return { retried: await reviveDeadLetters(this.database, webhookId, body?.ids) };
  }

  @Delete(':name/dead-letters/:id')
  @HttpCode(204)
  @Documented({
    summary: 'Discard a dead letter',
    description: 'It is not delivered to this webhook; what waits behind it is. The event stays in the log.',
    errors: [400, 404, 503],
  })
  async discard(@Param('name', WebhookNamePipe) name: string, @Param('id', EventIdPipe) id: string): Promise<void> {
    const { webhookId } = await this.webhooks.known(name);
    if (!(await discardDeadLetter(this.database, webhookId, id))) throw ProblemError.notFound('There is no such dead letter.');
  }
}
