import { Body, Get, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { writeHeaders } from '../management/conditional';
import { Documented, ManagementController } from '../management/documented';
import { IdPipe } from '../management/path.pipe';
import { schema } from '../management/schemas';
import { Caller, RequireRight } from '../operators/require-right.guard';
import type { RequestContext } from '../shared/request-context';
import { EVENT_STORE } from '../shared/tokens';
import type { Erasure } from './erasures';
import { Erasures } from './erasures';

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

const erasureSchema = schema.object<Erasure>({
  registrationId: schema.text(),
  status: schema.word('requested', 'erased'),
  reason: schema.text(),
  requestedAt: schema.instant(),
  erasedAt: schema.orNull(schema.instant()),
});

@ManagementController('devices', 'Devices')
export class ErasureController {
  constructor(
    private readonly erasures: Erasures,
    @Inject(EVENT_STORE) private readonly store: EventStore,
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
  ): Promise<Erasure> {
    const erasure = await this.erasures.request(registrationId, { reason, deleteEnrollment }, caller);
    writeHeaders(reply, caller, { position: await this.store.headPosition() });
    return erasure;
  }

  @Get(':registrationId/erasure')
  @RequireRight('AuditRead')
  @Documented({ summary: 'Whether a device was erased, when and why', answer: erasureSchema, errors: [400, 404, 503] })
  erasure(@Param('registrationId', IdPipe) registrationId: string): Promise<Erasure> {
    return this.erasures.find(registrationId);
  }
}
