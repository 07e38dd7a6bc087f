import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Caller } from '../operators/require-right.guard';
import { ServiceOperation } from '../operators/service-operation';
import { DpsErrorFilter } from '../shared/dps-error.filter';
import type { RequestContext } from '../shared/request-context';
import { BulkEnrollments, BulkResult } from './bulk';
import { EnrollmentCatalog } from './enrollment.catalog';
import { AttestationDocument, EnrollmentDocument } from './enrollment.document';
import { EnrollmentsService } from './enrollments.service';
import { queryAnswer } from './query';

/** Service API: enrollment groups (wire contract §4.1). */
@Controller('enrollmentGroups')
@UseFilters(DpsErrorFilter)
export class EnrollmentGroupsController {
  constructor(
    private readonly enrollments: EnrollmentsService,
    private readonly bulk: BulkEnrollments,
    private readonly catalog: EnrollmentCatalog,
  ) {}

  @Get(':id')
  @ServiceOperation('EnrollmentRead')
  get(@Param('id') id: string): Promise<EnrollmentDocument> {
    return this.enrollments.get('group', id);
  }

  @Put(':id')
  @ServiceOperation('EnrollmentWrite')
  put(
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
    @Caller() caller: RequestContext,
  ): Promise<EnrollmentDocument> {
    return this.enrollments.put('group', id, ifMatch, body, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @ServiceOperation('EnrollmentWrite')
  delete(
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
  ): Promise<void> {
    return this.enrollments.delete('group', id, ifMatch, caller);
  }

  /** Reveals keys, so it takes the right to write. */
  @Post(':id/attestationmechanism')
  @HttpCode(200)
  @ServiceOperation('EnrollmentWrite')
  attestationMechanism(@Param('id') id: string): Promise<AttestationDocument> {
    return this.enrollments.attestationMechanism('group', id);
  }

  @Post()
  @HttpCode(200)
  @ServiceOperation('EnrollmentWrite')
  runBulk(@Body() body: unknown, @Caller() caller: RequestContext): Promise<BulkResult> {
    return this.bulk.run('group', body, caller);
  }

  @Post('query')
  @HttpCode(200)
  @ServiceOperation('EnrollmentRead')
  async query(
    @Headers('x-ms-max-item-count') itemCount: string | undefined,
    @Headers('x-ms-continuation') continuation: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<readonly EnrollmentDocument[]> {
    return queryAnswer(body, 'enrollmentGroup', reply, () => this.catalog.list('group', itemCount, continuation));
  }
}
