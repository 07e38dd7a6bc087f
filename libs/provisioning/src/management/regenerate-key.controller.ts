import { Body, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { RegenerateKey } from '../enrollments/enrollment.commands';
import { Caller, RequireRight } from '../operators/require-right.guard';
import { etagOf } from '../shared/etag';
import type { RequestContext } from '../shared/request-context';
import type { EnrollmentKind } from '../shared/shapes';
import { EVENT_STORE } from '../shared/tokens';
import { writeHeaders } from './conditional';
import { Documented, ManagementController } from './documented';
import { IdPipe } from './path.pipe';
import { schema } from './schemas';

const keyNames = ['primary', 'secondary'] as const;

export class RegenerateKeyBody {
  @ApiProperty({ enum: keyNames, description: 'The key to replace; the other one goes on to hold.' })
  @IsIn(keyNames)
  readonly key!: (typeof keyNames)[number];
}

interface RegeneratedKeyAnswer {
  readonly key: string;
  /** base64 */
  readonly value: string;
  readonly etag: string;
}

const answer = schema.object<RegeneratedKeyAnswer>({
  key: schema.word(...keyNames),
  value: schema.text('The new key in base64. This answer alone says it.'),
  etag: schema.text(),
});

const documentation = {
  description:
    'Devices with the other key are not disturbed. Those with the old one are refused from now on; the hub learns the new key when a device registers again.',
  answer,
  errors: [400, 404, 409, 412, 413, 415, 503],
  writes: true,
};

interface Request extends RegenerateKeyBody {
  readonly id: string;
  readonly ifMatch: string | undefined;
}

abstract class KeyRegeneration {
  constructor(
    private readonly kind: EnrollmentKind,
    private readonly commands: CommandBus,
    private readonly store: EventStore,
  ) {}

  protected async regenerate(
    { id, key, ifMatch }: Request,
    caller: RequestContext,
    reply: FastifyReply,
  ): Promise<RegeneratedKeyAnswer> {
    const command = new RegenerateKey({ kind: this.kind, id }, key, ifMatch, caller);
    const { state, position, newKey } = await this.commands.execute(command);
    const etag = etagOf(state.revision);
    writeHeaders(reply, caller, { position: position ?? (await this.store.headPosition()), etag });
    reply.header('cache-control', 'no-store');
    return { key, value: newKey, etag };
  }
}

@ManagementController('enrollments/:registrationId/regenerate-key', 'Keys')
@RequireRight('EnrollmentWrite')
export class EnrollmentKeyController extends KeyRegeneration {
  constructor(commands: CommandBus, @Inject(EVENT_STORE) store: EventStore) {
    super('individual', commands, store);
  }

  @Post()
  @HttpCode(200)
  @Documented({ summary: 'Replace one symmetric key of an individual enrollment', ...documentation })
  async post(
    @Param('registrationId', IdPipe) id: string,
    @Body() { key }: RegenerateKeyBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegeneratedKeyAnswer> {
    return this.regenerate({ id, key, ifMatch }, caller, reply);
  }
}

@ManagementController('enrollment-groups/:enrollmentGroupId/regenerate-key', 'Keys')
@RequireRight('EnrollmentWrite')
export class EnrollmentGroupKeyController extends KeyRegeneration {
  constructor(commands: CommandBus, @Inject(EVENT_STORE) store: EventStore) {
    super('group', commands, store);
  }

  @Post()
  @HttpCode(200)
  @Documented({ summary: 'Replace one symmetric key of an enrollment group', ...documentation })
  async post(
    @Param('enrollmentGroupId', IdPipe) id: string,
    @Body() { key }: RegenerateKeyBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegeneratedKeyAnswer> {
    return this.regenerate({ id, key, ifMatch }, caller, reply);
  }
}
