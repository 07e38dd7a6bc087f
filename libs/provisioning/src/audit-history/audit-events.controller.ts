import { Get, Injectable, Param, PipeTransform, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Documented, ManagementController } from '../management/documented';
import { ProblemError } from '../management/problem';
import { ReadOwnWrites } from '../management/projection-monitor';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import type { Page } from '../read-models/page';
import { auditEventSchema, wholeAuditEventSchema } from './audit-event';
import type { AuditEvent, WholeAuditEvent } from './audit-event';
import { AuditExports } from './audit-exports';
import { AuditEventsQuery, AuditExportQuery, filterIn } from './audit-history.dto';
import { auditIndexProjection } from './audit-index.projection';
import { AuditLog } from './audit-log';
import { exportWritings } from './export-formats';

const POSITION = /^[0-9]{1,20}(?::[0-9]{1,20})?$/;

@Injectable()
class PositionPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (POSITION.test(value)) return value;
    throw ProblemError.invalidRequest('The path does not name a position of the log.');
  }
}

@ManagementController('audit', 'Audit')
@RequireRight('AuditRead')
export class AuditEventsController {
  constructor(
    private readonly audit: AuditLog,
    private readonly exports: AuditExports,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  @Get('events')
  @Documented({
    summary: 'Every event of the service, newest first: who did it, when, for which request, and on what grounds',
    description: 'By time and then by place in the log. Filters given together all hold.',
    answer: schema.page(auditEventSchema),
    errors: [400, 503],
  })
  async list(@Query() query: AuditEventsQuery): Promise<Page<AuditEvent>> {
    const filter = filterIn(query);
    await this.ownWrites.wait(query.atLeast, auditIndexProjection);
    return this.audit.page(filter, query.order ?? 'desc', query);
  }

  @Get('events/:position')
  @Documented({
    summary: 'One event whole, with its hashes and what stands beside it in its stream and in the log',
    answer: wholeAuditEventSchema,
    errors: [400, 404, 503],
  })
  async one(@Param('position', PositionPipe) position: string): Promise<WholeAuditEvent> {
    const event = await this.audit.one(position);
    if (event === undefined) throw ProblemError.notFound(`There is no event at position ${position}.`);
    return event;
  }

  @Get('export')
  @Documented({
    summary: 'All events that pass the filters, oldest first, as JSON, NDJSON or CSV',
    description:
      'Streamed. The header `x-rehome-total-events` says how many there were at the start, counted up to 1,000,000. Where it cannot go on, the connection is cut, so that an answer which ends as it should is whole.',
    status: 200,
    successDescription: 'The export; `limit` and `cursor` mean nothing here.',
    errors: [400, 503],
  })
  async export(@Query() query: AuditExportQuery, @Res() reply: FastifyReply): Promise<void> {
    const { format = 'ndjson', order = 'asc' } = query;
    const filter = filterIn(query);
    await this.ownWrites.wait(query.atLeast, auditIndexProjection);
    this.exports.admit();
    const total = await this.audit.count(filter);
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': exportWritings[format].contentType,
      'content-disposition': `attachment; filename="rehome-audit.${format}"`,
      'cache-control': 'no-store',
      'x-rehome-total-events': String(total),
      'x-ms-request-id': reply.request.id,
    });
    await this.exports.serve(reply.raw, format, filter, order);
  }
}
