import { Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RequireRight } from '../operators/require-right.guard';
import { operationsProjection } from '../read-models/operations.projection';
import { Operation, OperationWithGrounds, findOperation, listOperations } from '../read-models/operations.queries';
import { Page } from '../read-models/page';
import type { ReadDatabase } from '../shared/read-database';
import { READ_DATABASE } from '../shared/tokens';
import { operationSchema, operationWithGroundsSchema } from './answers';
import { answerConditionally } from './conditional';
import { Documented, ManagementController } from './documented';
import { AtLeastQuery, OperationsQuery } from './inputs.dto';
import { OperationIdPipe } from './path.pipe';
import { ProblemError } from './problem';
import { ReadOwnWrites } from './projection-monitor';
import { schema } from './schemas';

@ManagementController('operations', 'Operations')
@RequireRight('RegistrationStatusRead')
export class OperationsController {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  @Get()
  @Documented({
    summary: 'Registration operations of all devices, newest first',
    answer: schema.page(operationSchema),
    errors: [400, 503],
  })
  async list(@Query() query: OperationsQuery): Promise<Page<Operation>> {
    await this.ownWrites.wait(query.atLeast, operationsProjection);
    const { status, action, hub, startedSince } = query;
    return listOperations(this.database, { status, action, hub, startedSince }, query);
  }

  @Get(':operationId')
  @Documented({
    summary: 'One operation with the grounds of its decision',
    answer: operationWithGroundsSchema,
    errors: [400, 404, 503],
    conditional: true,
  })
  async one(
    @Param('operationId', OperationIdPipe) operationId: string,
    @Query() query: AtLeastQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OperationWithGrounds | undefined> {
    await this.ownWrites.wait(query.atLeast, operationsProjection);
    const operation = await findOperation(this.database, operationId);
    if (operation === undefined) throw ProblemError.notFound(`There is no operation ${operationId}.`);
    return answerConditionally(reply, ifNoneMatch, `"${operation.revision}"`, operation);
  }
}
