import { Body, Get, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { writeHeaders } from '../management/conditional';
import { Documented, ManagementController } from '../management/documented';
import { IdPipe } from '../management/path.pipe';
import { ProblemError } from '../management/problem';
import { schema } from '../management/schemas';
import { Caller, RequireRight } from '../operators/require-right.guard';
import { RegistrationStore } from '../registrations/registration.store';
import type { RequestContext } from '../shared/request-context';
import { CLOCK, EVENT_STORE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import type { ErasureState } from './erasure.decider';
import { ErasureProcess } from './erasure.process';

export class EraseBody {
  @ApiProperty({ maxLength: 256, description: 'Why; it stays in the log, so it should name a case and not a person.' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(256)
  readonly reason!: string;

  @ApiPropertyOptional({
    default: false,
    description: 'Delete its individual enrollment too; refused otherwise while there is one.',
  })
  @IsOptional()
  @IsBoolean()
  readonly deleteEnrollment?: boolean;
}

interface ErasureAnswer {
  readonly registrationId: string;
  readonly status: 'requested' | 'erased';
  readonly reason: string;
  readonly requestedAt: string;
  readonly erasedAt: string | null;
}

const erasureSchema = schema.object<ErasureAnswer>({
  registrationId: schema.text(),
  status: schema.word('requested', 'erased'),
  reason: schema.text(),
  requestedAt: schema.instant(),
  erasedAt: schema.orNull(schema.instant()),
});

@ManagementController('devices', 'Devices')
export class ErasureController {
  constructor(
    private readonly process: ErasureProcess,
    private readonly registrations: RegistrationStore,
    private readonly enrollments: EnrollmentReader,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post(':registrationId/erase')
  @HttpCode(202)
  @RequireRight('AuditWrite')
  @Documented({
    summary: 'Make everything that a device or its owners have said unreadable, for good',
    description:
      'The device is deleted at its hub, its registration ends, and the key is destroyed that its twins and payloads are sealed with, in the log, at the reference hubs and in the read models. What was done with it, when and why stays, and the log still verifies.',
    answer: erasureSchema,
    status: 202,
    errors: [400, 404, 409, 413, 415, 503],
  })
  async erase(
    @Param('registrationId', IdPipe) registrationId: string,
    @Body() { reason, deleteEnrollment = false }: EraseBody,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ErasureAnswer> {
    const { state, revision } = await this.registrations.read(registrationId);
    if (state.status === 'assigning') {
      throw new ProblemError(409, 'operation-in-flight', 'Operation in flight', 'The device is being assigned; try again.');
    }
    const enrollment = await this.enrollments.find('individual', registrationId);
    if (revision === undefined && enrollment === undefined) throw ProblemError.notFound(`There is nothing of ${registrationId}.`);
    if (enrollment !== undefined && !deleteEnrollment) {
      const detail = 'Its individual enrollment holds data of it: delete that first, or say deleteEnrollment.';
      throw new ProblemError(409, 'enrollment-exists', 'Enrollment exists', detail);
    }
    const at = this.clock().toISOString();
    const requested = await this.process.handle(
      registrationId,
      { type: 'RequestErasure', registrationId, reason, deleteEnrollment, at },
      caller,
    );
    // What does not get through now is taken up again by whichever worker looks next.
    void this.process.run(registrationId).catch(() => undefined);
    writeHeaders(reply, caller, { position: await this.store.headPosition() });
    return answerOf(registrationId, requested);
  }

  @Get(':registrationId/erasure')
  @RequireRight('AuditRead')
  @Documented({ summary: 'Whether a device was erased, when and why', answer: erasureSchema, errors: [400, 404, 503] })
  async erasure(@Param('registrationId', IdPipe) registrationId: string): Promise<ErasureAnswer> {
    return answerOf(registrationId, await this.process.read(registrationId));
  }
}

function answerOf(registrationId: string, state: ErasureState): ErasureAnswer {
  if (state.status === 'none') throw ProblemError.notFound(`Nobody has wanted ${registrationId} erased.`);
  const { status, reason, requestedAt } = state;
  return { registrationId, status, reason, requestedAt, erasedAt: state.status === 'erased' ? state.erasedAt : null };
}
