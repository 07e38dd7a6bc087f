import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Put, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { HubOutcome, LinkHub, UnlinkHub, UpdateLinkedHub } from '../hubs/hub.commands';
import { LinkedHubs } from '../hubs/linked-hubs';
import { Caller, RequireRight } from '../operators/require-right.guard';
import type { RequestContext } from '../shared/request-context';
import { EVENT_STORE } from '../shared/tokens';
import { listOf } from './answers';
import { answerConditionally, writeHeaders } from './conditional';
import { Documented, ManagementController } from './documented';
import { LinkedHubBody, linkedHubAnswer, linkedHubSchema } from './linked-hubs.dto';
import type { LinkedHubAnswer } from './linked-hubs.dto';
import { HostNamePipe } from './path.pipe';
import { ProblemError } from './problem';

const WEIGHT_DEFAULT = 1;

function notLinked(hostName: string): ProblemError {
  return ProblemError.notFound(`Hub ${hostName} is not linked.`);
}

/** Reads come from the stream of linked hubs, so a reader sees its own write. */
@ManagementController('linked-hubs', 'Linked hubs')
@RequireRight('ServiceConfig')
export class LinkedHubsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly hubs: LinkedHubs,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @RequireRight('RegistrationStatusRead')
  @Documented({ summary: 'The hubs devices can be assigned to', answer: listOf(linkedHubSchema), errors: [503] })
  async list(): Promise<{ items: LinkedHubAnswer[] }> {
    const { linked } = await this.hubs.read();
    const items = [...linked.values()].map(linkedHubAnswer).sort((a, b) => (a.name < b.name ? -1 : 1));
    return { items };
  }

  @Get(':hostName')
  @RequireRight('RegistrationStatusRead')
  @Documented({ summary: 'One linked hub', answer: linkedHubSchema, errors: [400, 404, 503], conditional: true })
  async one(
    @Param('hostName', HostNamePipe) hostName: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LinkedHubAnswer | undefined> {
    const hub = (await this.hubs.read()).linked.get(hostName.toLowerCase());
    if (hub === undefined) throw notLinked(hostName);
    const answer = linkedHubAnswer(hub);
    return answerConditionally(reply, ifNoneMatch, answer.etag, answer);
  }

  @Put(':hostName')
  @Documented({
    summary: 'Link a hub, or change a linked one',
    answer: linkedHubSchema,
    errors: [400, 404, 409, 412, 413, 415, 503],
    writes: true,
  })
  async put(
    @Param('hostName', HostNamePipe) hostName: string,
    @Body() body: LinkedHubBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LinkedHubAnswer> {
    if (body.name !== undefined && body.name.toLowerCase() !== hostName.toLowerCase()) {
      throw ProblemError.invalidRequest('The name in the body is not the one in the path.');
    }
    const isLinked = (await this.hubs.read()).linked.has(hostName.toLowerCase());
    const outcome =
      isLinked || ifMatch !== undefined
        ? await this.commands.execute(new UpdateLinkedHub(hostName, settingsIn(body), ifMatch, caller))
        : await this.link(hostName, body, caller);
    const hub = outcome.state.linked.get(hostName.toLowerCase());
    if (hub === undefined) throw notLinked(hostName);
    const answer = linkedHubAnswer(hub);
    writeHeaders(reply, caller, { position: await this.positionOf(outcome), etag: answer.etag });
    return answer;
  }

  @Delete(':hostName')
  @HttpCode(204)
  @Documented({
    summary: 'Unlink a hub',
    description: 'Its devices stay there until they register again; a move from it that is under way still finishes.',
    errors: [400, 404, 409, 412, 503],
    writes: true,
  })
  async remove(
    @Param('hostName', HostNamePipe) hostName: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const outcome = await this.commands.execute(new UnlinkHub(hostName, ifMatch, caller));
    writeHeaders(reply, caller, { position: await this.positionOf(outcome) });
  }

  private link(hostName: string, body: LinkedHubBody, caller: RequestContext): Promise<HubOutcome> {
    const { connectionString, location = '', allocationWeight = WEIGHT_DEFAULT, applyAllocationPolicy = true } = body;
    if (connectionString === undefined) throw ProblemError.invalidRequest('A hub is linked by its connection string.');
    const availability = availabilityIn(body);
    const settings = { connectionString, location, allocationWeight, applyAllocationPolicy, availability };
    return this.commands.execute(new LinkHub(hostName, settings, caller));
  }

  private async positionOf({ position }: HubOutcome): Promise<string> {
    return position ?? (await this.store.headPosition());
  }
}

/** Only what was sent, so that the rest stays as it is. */
function settingsIn(body: LinkedHubBody) {
  const { connectionString, location, allocationWeight, applyAllocationPolicy } = body;
  return {
    availability: availabilityIn(body),
    ...(connectionString === undefined ? {} : { connectionString }),
    ...(location === undefined ? {} : { location }),
    ...(allocationWeight === undefined ? {} : { allocationWeight }),
    ...(applyAllocationPolicy === undefined ? {} : { applyAllocationPolicy }),
  };
}

function availabilityIn({ cordoned, draining, capacity }: LinkedHubBody) {
  return {
    ...(cordoned === undefined ? {} : { cordoned }),
    ...(draining === undefined ? {} : { draining }),
    ...(capacity === undefined ? {} : { capacity }),
  };
}
