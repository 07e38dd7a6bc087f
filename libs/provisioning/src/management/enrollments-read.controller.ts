import { Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RequireRight } from '../operators/require-right.guard';
import { enrollmentsProjection } from '../read-models/enrollments.projection';
import { EnrollmentRow, findEnrollment, listEnrollments } from '../read-models/enrollments.queries';
import { Page } from '../read-models/page';
import { etagOf } from '../shared/etag';
import type { ReadDatabase } from '../shared/read-database';
import type { EnrollmentKind } from '../shared/shapes';
import { READ_DATABASE } from '../shared/tokens';
import { enrollmentSchema } from './answers';
import type { EnrollmentAnswer } from './answers';
import { answerConditionally } from './conditional';
import { Documented, ManagementController } from './documented';
import { AtLeastQuery, EnrollmentsQuery } from './inputs.dto';
import { IdPipe } from './path.pipe';
import { ProblemError } from './problem';
import { ReadOwnWrites } from './projection-monitor';
import { schema } from './schemas';

function answered(row: EnrollmentRow): EnrollmentAnswer {
  return { ...row, etag: etagOf(BigInt(row.revision)) };
}

/** Both kinds of entries read alike; a subclass gives its kind and its routes. */
abstract class EnrollmentReads {
  constructor(
    private readonly kind: EnrollmentKind,
    private readonly database: ReadDatabase,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  protected async readPage(query: EnrollmentsQuery): Promise<Page<EnrollmentAnswer>> {
    await this.ownWrites.wait(query.atLeast, enrollmentsProjection);
    const { provisioningStatus, attestationType, changedSince } = query;
    const page = await listEnrollments(this.database, this.kind, { provisioningStatus, attestationType, changedSince }, query);
    return { ...page, items: page.items.map(answered) };
  }

  protected async readOne(
    id: string,
    query: AtLeastQuery,
    ifNoneMatch: string | undefined,
    reply: FastifyReply,
  ): Promise<EnrollmentAnswer | undefined> {
    await this.ownWrites.wait(query.atLeast, enrollmentsProjection);
    const row = await findEnrollment(this.database, this.kind, id);
    if (row === undefined) throw ProblemError.notFound(`There is no such enrollment: ${id}.`);
    const answer = answered(row);
    return answerConditionally(reply, ifNoneMatch, answer.etag, answer);
  }
}

const listing = { answer: schema.page(enrollmentSchema), errors: [400, 503] };
const reading = { answer: enrollmentSchema, errors: [400, 404, 503], conditional: true };

@ManagementController('enrollments', 'Enrollments')
@RequireRight('EnrollmentRead')
export class IndividualEnrollmentsReadController extends EnrollmentReads {
  constructor(@Inject(READ_DATABASE) database: ReadDatabase, ownWrites: ReadOwnWrites) {
    super('individual', database, ownWrites);
  }

  @Get()
  @Documented({ summary: 'Individual enrollments without their keys, by id', ...listing })
  list(@Query() query: EnrollmentsQuery): Promise<Page<EnrollmentAnswer>> {
    return this.readPage(query);
  }

  @Get(':registrationId')
  @Documented({ summary: 'One individual enrollment without its keys', ...reading })
  one(
    @Param('registrationId', IdPipe) id: string,
    @Query() query: AtLeastQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EnrollmentAnswer | undefined> {
    return this.readOne(id, query, ifNoneMatch, reply);
  }
}

@ManagementController('enrollment-groups', 'Enrollments')
@RequireRight('EnrollmentRead')
export class EnrollmentGroupsReadController extends EnrollmentReads {
  constructor(@Inject(READ_DATABASE) database: ReadDatabase, ownWrites: ReadOwnWrites) {
    super('group', database, ownWrites);
  }

  @Get()
  @Documented({ summary: 'Enrollment groups without their keys, by id', ...listing })
  list(@Query() query: EnrollmentsQuery): Promise<Page<EnrollmentAnswer>> {
    return this.readPage(query);
  }

  @Get(':enrollmentGroupId')
  @Documented({ summary: 'One enrollment group without its keys', ...reading })
  one(
    @Param('enrollmentGroupId', IdPipe) id: string,
    @Query() query: AtLeastQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EnrollmentAnswer | undefined> {
    return this.readOne(id, query, ifNoneMatch, reply);
  }
}
