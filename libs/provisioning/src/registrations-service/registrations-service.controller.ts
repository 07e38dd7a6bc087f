import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Res, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { IsString, MaxLength } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Caller } from '../operators/require-right.guard';
import { ServiceOperation } from '../operators/service-operation';
import { DeleteRegistration } from '../registrations/registration.commands';
import { resultOf } from '../registrations/registration.document';
import { RegistrationStore } from '../registrations/registration.store';
import { DpsError } from '../shared/dps-error';
import { DpsErrorFilter } from '../shared/dps-error.filter';
import type { RequestContext } from '../shared/request-context';
import { validated } from '../shared/validated';
import { RegistrationQuery } from './registration-query';
import { RegistrationStateDocument, decodedIfMatch, stateOfResult } from './registration-state.document';

const QUERY_CHARACTERS_MAX = 4_096;
/** Wire contract §4.3. */
const ID = /^[a-z0-9](?:[a-z0-9._:-]{0,126}[a-z0-9-])?$/i;

/** The text of a query is taken and not looked into, as in the cloud service. */
class QueryBody {
  @IsString()
  @MaxLength(QUERY_CHARACTERS_MAX)
  readonly query!: string;
}

function checkedId(id: string): string {
  if (ID.test(id)) return id;
  throw DpsError.badRequest('The id must have 1 to 128 letters, digits or -._: and end with a letter, digit or dash.');
}

/** Service API: registration records (wire contract §4.1). */
@Controller('registrations')
@UseFilters(DpsErrorFilter)
export class RegistrationsServiceController {
  constructor(
    private readonly commands: CommandBus,
    private readonly registrations: RegistrationStore,
    private readonly queries: RegistrationQuery,
  ) {}

  /** From the stream, so that a caller reads its own write. */
  @Get(':registrationId')
  @ServiceOperation('RegistrationStatusRead')
  async get(@Param('registrationId') registrationId: string): Promise<RegistrationStateDocument> {
    const result = resultOf(await this.registrations.read(checkedId(registrationId)));
    if (result === undefined) throw DpsError.notFound('Registration not found.');
    return stateOfResult(result);
  }

  @Delete(':registrationId')
  @HttpCode(204)
  @ServiceOperation('RegistrationStatusWrite')
  async delete(
    @Param('registrationId') registrationId: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
  ): Promise<void> {
    await this.commands.execute(new DeleteRegistration(checkedId(registrationId), decodedIfMatch(ifMatch), caller));
  }

  @Post(':enrollmentGroupId/query')
  @HttpCode(200)
  @ServiceOperation('RegistrationStatusRead')
  async query(
    @Param('enrollmentGroupId') enrollmentGroupId: string,
    @Headers('x-ms-max-item-count') itemCount: string | undefined,
    @Headers('x-ms-continuation') continuation: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<readonly RegistrationStateDocument[]> {
    validated(QueryBody, body);
    const page = await this.queries.ofGroup(checkedId(enrollmentGroupId), itemCount, continuation);
    reply.header('x-ms-item-type', 'deviceRegistration').header('x-ms-max-item-count', String(page.pageSize));
    if (page.continuation !== undefined) reply.header('x-ms-continuation', page.continuation);
    return page.states;
  }
}
