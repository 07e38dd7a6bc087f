import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Put, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { UpdateEnrollmentPolicy } from '../enrollments/enrollment.commands';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { Caller, RequireRight } from '../operators/require-right.guard';
import { etagOf } from '../shared/etag';
import type { RequestContext } from '../shared/request-context';
import type { EnrollmentKind, ReprovisionPolicy } from '../shared/shapes';
import { EVENT_STORE } from '../shared/tokens';
import { reprovisionPolicySchema } from './answers';
import { answerConditionally, writeHeaders } from './conditional';
import { Documented, ManagementController } from './documented';
import { IdPipe } from './path.pipe';
import { ProblemError } from './problem';

export class ReprovisionPolicyBody implements ReprovisionPolicy {
  @ApiProperty({ description: 'False: the device never leaves its hub.' })
  @IsBoolean()
  readonly updateHubAssignment!: boolean;

  @ApiProperty({ description: 'True: its twin goes along; false: it starts from the initial twin.' })
  @IsBoolean()
  readonly migrateDeviceData!: boolean;
}

interface Change {
  readonly id: string;
  readonly policy: ReprovisionPolicy | null;
  readonly ifMatch: string | undefined;
}

/** The policy of both kinds of entries; a subclass gives its kind and its routes. Reads the stream, so a reader sees its own write. */
abstract class ReprovisionPolicies {
  constructor(
    private readonly kind: EnrollmentKind,
    private readonly commands: CommandBus,
    private readonly enrollments: EnrollmentReader,
    private readonly store: EventStore,
  ) {}

  protected async read(id: string, ifNoneMatch: string | undefined, reply: FastifyReply): Promise<ReprovisionPolicy | undefined> {
    const enrollment = await this.enrollments.find(this.kind, id);
    if (enrollment === undefined) throw ProblemError.notFound(`There is no such enrollment: ${id}.`);
    const policy = enrollment.entry.reprovisionPolicy;
    if (policy === null) throw ProblemError.notFound(`Enrollment ${id} has no reprovision policy of its own.`);
    return answerConditionally(reply, ifNoneMatch, etagOf(enrollment.revision), policy);
  }

  protected async change({ id, policy, ifMatch }: Change, caller: RequestContext, reply: FastifyReply): Promise<void> {
    const command = new UpdateEnrollmentPolicy({ kind: this.kind, id }, policy, ifMatch, caller);
    const { state, position } = await this.commands.execute(command);
    writeHeaders(reply, caller, { position: position ?? (await this.store.headPosition()), etag: etagOf(state.revision) });
  }
}

const reading = { answer: reprovisionPolicySchema, errors: [400, 404, 503], conditional: true };
const saving = { answer: reprovisionPolicySchema, errors: [400, 404, 409, 412, 413, 415, 503], writes: true };
const removing = { errors: [400, 404, 409, 412, 503], writes: true, successDescription: 'No policy is saved any more.' };
const absence = 'Without a saved policy a device with an api-version up to 2018-04-01 stays on its hub, any other migrates.';

@ManagementController('enrollments/:registrationId/reprovision-policy', 'Reprovision policy')
export class EnrollmentPolicyController extends ReprovisionPolicies {
  constructor(commands: CommandBus, enrollments: EnrollmentReader, @Inject(EVENT_STORE) store: EventStore) {
    super('individual', commands, enrollments, store);
  }

  @Get()
  @RequireRight('EnrollmentRead')
  @Documented({ summary: "An individual enrollment's policy; 404 when none is saved", description: absence, ...reading })
  get(
    @Param('registrationId', IdPipe) id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReprovisionPolicy | undefined> {
    return this.read(id, ifNoneMatch, reply);
  }

  @Put()
  @RequireRight('EnrollmentWrite')
  @Documented({ summary: "Save an individual enrollment's policy", ...saving })
  async put(
    @Param('registrationId', IdPipe) id: string,
    @Body() body: ReprovisionPolicyBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReprovisionPolicy> {
    const policy = { updateHubAssignment: body.updateHubAssignment, migrateDeviceData: body.migrateDeviceData };
    await this.change({ id, policy, ifMatch }, caller, reply);
    return policy;
  }

  @Delete()
  @HttpCode(204)
  @RequireRight('EnrollmentWrite')
  @Documented({ summary: "Take an individual enrollment's policy away", description: absence, ...removing })
  async remove(
    @Param('registrationId', IdPipe) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.change({ id, policy: null, ifMatch }, caller, reply);
  }
}

@ManagementController('enrollment-groups/:enrollmentGroupId/reprovision-policy', 'Reprovision policy')
export class EnrollmentGroupPolicyController extends ReprovisionPolicies {
  constructor(commands: CommandBus, enrollments: EnrollmentReader, @Inject(EVENT_STORE) store: EventStore) {
    super('group', commands, enrollments, store);
  }

  @Get()
  @RequireRight('EnrollmentRead')
  @Documented({ summary: "An enrollment group's policy; 404 when none is saved", description: absence, ...reading })
  get(
    @Param('enrollmentGroupId', IdPipe) id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReprovisionPolicy | undefined> {
    return this.read(id, ifNoneMatch, reply);
  }

  @Put()
  @RequireRight('EnrollmentWrite')
  @Documented({ summary: "Save an enrollment group's policy", ...saving })
  async put(
    @Param('enrollmentGroupId', IdPipe) id: string,
    @Body() body: ReprovisionPolicyBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReprovisionPolicy> {
    const policy = { updateHubAssignment: body.updateHubAssignment, migrateDeviceData: body.migrateDeviceData };
    await this.change({ id, policy, ifMatch }, caller, reply);
    return policy;
  }

  @Delete()
  @HttpCode(204)
  @RequireRight('EnrollmentWrite')
  @Documented({ summary: "Take an enrollment group's policy away", description: absence, ...removing })
  async remove(
    @Param('enrollmentGroupId', IdPipe) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.change({ id, policy: null, ifMatch }, caller, reply);
  }
}
