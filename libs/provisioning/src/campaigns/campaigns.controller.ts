import { Body, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '@app/event-sourcing';
import { writeHeaders } from '../management/conditional';
import { Documented, ManagementController } from '../management/documented';
import { AtLeastQuery } from '../management/inputs.dto';
import { IdPipe } from '../management/path.pipe';
import { ProblemError } from '../management/problem';
import { ReadOwnWrites } from '../management/projection-monitor';
import { schema } from '../management/schemas';
import { Caller, RequireRight } from '../operators/require-right.guard';
import type { Page } from '../read-models/page';
import type { ReadDatabase } from '../shared/read-database';
import type { RequestContext } from '../shared/request-context';
import { EVENT_STORE, READ_DATABASE } from '../shared/tokens';
import type { CampaignPreview } from './campaign.preview';
import { CampaignPreviews, PREVIEW_DEVICES_MAX } from './campaign.preview';
import type { CampaignDevice, CampaignView } from './campaign.queries';
import { findCampaign, listCampaignDevices, listCampaigns } from './campaign.queries';
import {
  CampaignBody,
  CampaignDevicesQuery,
  CampaignsQuery,
  campaignDeviceSchema,
  campaignPreviewSchema,
  campaignSchema,
  planIn,
} from './campaigns.dto';
import { CampaignAnswer, CampaignCommands, OperatorAct, campaignAnswerSchema } from './campaigns.commands';
import { campaignsProjection } from './campaigns.projection';

const WRITE_ERRORS = [400, 404, 409, 413, 415, 503];

@ManagementController('campaigns', 'Campaigns')
@RequireRight('RegistrationStatusWrite')
export class CampaignsController {
  constructor(
    private readonly commands: CampaignCommands,
    private readonly previews: CampaignPreviews,
    private readonly ownWrites: ReadOwnWrites,
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @RequireRight('RegistrationStatusRead')
  @Documented({ summary: 'Campaigns, newest first', answer: schema.page(campaignSchema), errors: [400, 503] })
  async list(@Query() query: CampaignsQuery): Promise<Page<CampaignView>> {
    await this.ownWrites.wait(query.atLeast, campaignsProjection);
    return listCampaigns(this.database, query, query);
  }

  @Post('preview')
  @HttpCode(200)
  @Documented({
    summary: 'What a campaign would do',
    description: `Devices are counted, and up to ${PREVIEW_DEVICES_MAX} of them decided one by one as if they called now. Nothing is stored.`,
    answer: campaignPreviewSchema,
    errors: [400, 409, 413, 415, 503],
  })
  async preview(@Body() body: CampaignBody): Promise<CampaignPreview> {
    const plan = planIn(body);
    await this.commands.checkHubs(plan);
    return this.previews.preview(plan);
  }

  @Post()
  @HttpCode(201)
  @Documented({
    summary: 'Plan a campaign; it begins when it is started',
    answer: campaignAnswerSchema,
    status: 201,
    errors: WRITE_ERRORS,
  })
  async create(
    @Body() body: CampaignBody,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    const plan = planIn(body);
    await this.commands.checkHubs(plan);
    return this.answered(await this.commands.create(body.campaignId ?? uuidv7(), plan, caller), caller, reply);
  }

  @Get(':campaignId')
  @RequireRight('RegistrationStatusRead')
  @Documented({ summary: 'A campaign and how far it is', answer: campaignSchema, errors: [400, 404, 503] })
  async one(@Param('campaignId', IdPipe) campaignId: string, @Query() query: AtLeastQuery): Promise<CampaignView> {
    await this.ownWrites.wait(query.atLeast, campaignsProjection);
    const campaign = await findCampaign(this.database, campaignId);
    if (campaign === undefined) throw ProblemError.notFound(`There is no campaign ${campaignId}.`);
    return campaign;
  }

  @Get(':campaignId/devices')
  @RequireRight('RegistrationStatusRead')
  @Documented({
    summary: 'The devices that a campaign has sent, and what became of each',
    answer: schema.page(campaignDeviceSchema),
    errors: [400, 503],
  })
  async devices(
    @Param('campaignId', IdPipe) campaignId: string,
    @Query() query: CampaignDevicesQuery,
  ): Promise<Page<CampaignDevice>> {
    await this.ownWrites.wait(query.atLeast, campaignsProjection);
    return listCampaignDevices(this.database, { campaignId, outcome: query.outcome }, query);
  }

  @Post(':campaignId/start')
  @HttpCode(200)
  @Documented({
    summary: 'Begin: the selection is taken, and the first wave is sent',
    answer: campaignAnswerSchema,
    errors: WRITE_ERRORS,
  })
  start(
    @Param('campaignId', IdPipe) campaignId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    return this.act('StartCampaign', campaignId, caller, reply);
  }

  @Post(':campaignId/pause')
  @HttpCode(200)
  @Documented({ summary: 'Send no further wave until resumed', answer: campaignAnswerSchema, errors: WRITE_ERRORS })
  pause(
    @Param('campaignId', IdPipe) campaignId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    return this.act('PauseCampaign', campaignId, caller, reply);
  }

  @Post(':campaignId/resume')
  @HttpCode(200)
  @Documented({ summary: 'Go on after a pause', answer: campaignAnswerSchema, errors: WRITE_ERRORS })
  resume(
    @Param('campaignId', IdPipe) campaignId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    return this.act('ResumeCampaign', campaignId, caller, reply);
  }

  @Post(':campaignId/abort')
  @HttpCode(200)
  @Documented({
    summary: 'End it: devices that have not called stay where they are; those that have moved stay there',
    answer: campaignAnswerSchema,
    errors: WRITE_ERRORS,
  })
  abort(
    @Param('campaignId', IdPipe) campaignId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    return this.act('AbortCampaign', campaignId, caller, reply);
  }

  @Post(':campaignId/release')
  @HttpCode(200)
  @Documented({
    summary: 'Take back the destinations of a campaign that is over',
    description: 'From then on its devices belong where their enrollments say, and may move again when they register.',
    answer: campaignAnswerSchema,
    errors: WRITE_ERRORS,
  })
  release(
    @Param('campaignId', IdPipe) campaignId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    return this.act('ReleaseCampaign', campaignId, caller, reply);
  }

  @Post(':campaignId/undo')
  @HttpCode(201)
  @Documented({
    summary: 'Bring back what a campaign has moved, in waves as it went, with the twins the devices had',
    description:
      'Plans and starts a campaign of its own, which is the answer. What devices were given since is kept in the log only.',
    answer: campaignAnswerSchema,
    status: 201,
    errors: WRITE_ERRORS,
  })
  async undo(
    @Param('campaignId', IdPipe) campaignId: string,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    return this.answered(await this.commands.undo(campaignId, caller), caller, reply);
  }

  private async act(act: OperatorAct, campaignId: string, caller: RequestContext, reply: FastifyReply): Promise<CampaignAnswer> {
    return this.answered(await this.commands.act(act, campaignId, caller), caller, reply);
  }

  private async answered(
    { answer, position }: Awaited<ReturnType<CampaignCommands['act']>>,
    caller: RequestContext,
    reply: FastifyReply,
  ): Promise<CampaignAnswer> {
    writeHeaders(reply, caller, { position: position ?? (await this.store.headPosition()) });
    return answer;
  }
}
