import { Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { EventStore } from '@app/event-sourcing';
import { RequireRight } from '../operators/require-right.guard';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { DeviceStatus, findDeviceStatus, listDeviceStatus } from '../read-models/device-status.queries';
import { hubMembershipProjection } from '../read-models/hub-membership.projection';
import { findHubMembership } from '../read-models/hub-membership.queries';
import { operationsProjection } from '../read-models/operations.projection';
import { Operation, listOperations } from '../read-models/operations.queries';
import { Page } from '../read-models/page';
import { twinDataProjection } from '../read-models/twin-data.projection';
import { TwinData, findTwinData } from '../read-models/twin-data.queries';
import type { ReadDatabase } from '../shared/read-database';
import { CLOCK, EVENT_STORE, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { HUB_TWINS } from '../time-travel/hub-twins';
import type { HubTwins } from '../time-travel/hub-twins';
import { isMoment } from '../time-travel/moment';
import { deviceAtSchema, twinAtSchema } from '../time-travel/moment.answers';
import { MomentQuery } from '../time-travel/moment.dto';
import { pastDevice, pastTwin } from '../time-travel/past-device';
import { deviceStatusSchema, operationSchema } from './answers';
import type { DeviceAnswer } from './answers';
import { answerConditionally } from './conditional';
import { Documented, ManagementController } from './documented';
import { DevicesQuery, OperationsQuery } from './inputs.dto';
import { IdPipe } from './path.pipe';
import { ProblemError } from './problem';
import { ReadOwnWrites } from './projection-monitor';
import { schema } from './schemas';

function unknownDevice(registrationId: string): ProblemError {
  return ProblemError.notFound(`There is no registration ${registrationId}.`);
}

@ManagementController('devices', 'Devices')
@RequireRight('RegistrationStatusRead')
export class DevicesController {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HUB_TWINS) private readonly hubTwins: HubTwins,
    private readonly ownWrites: ReadOwnWrites,
  ) {}

  @Get()
  @Documented({
    summary: 'Where devices stand, by registration id',
    answer: schema.page(deviceStatusSchema),
    errors: [400, 503],
  })
  async list(@Query() query: DevicesQuery): Promise<Page<DeviceStatus>> {
    const { status, hub, enrollmentId, enrollmentGroupId, policy, idPrefix, changedSince } = query;
    if (enrollmentId !== undefined && enrollmentGroupId !== undefined) {
      throw ProblemError.invalidRequest('A device is registered by an individual enrollment or by a group, not by both.');
    }
    await this.ownWrites.wait(query.atLeast, deviceStatusProjection);
    const individual = enrollmentId === undefined ? undefined : ({ kind: 'individual', id: enrollmentId } as const);
    const enrollment = enrollmentGroupId === undefined ? individual : ({ kind: 'group', id: enrollmentGroupId } as const);
    return listDeviceStatus(this.database, { status, hub, enrollment, policy, idPrefix, changedSince }, query);
  }

  @Get(':registrationId')
  @Documented({
    summary: 'Where one device stands, in which hub it is and since when; with `at` or `revision`, where it stood',
    description: 'A moment of the past is told from the log itself, by the projections that make the read models.',
    answer: deviceAtSchema,
    errors: [400, 404, 503],
    conditional: true,
  })
  async one(
    @Param('registrationId', IdPipe) registrationId: string,
    @Query() query: MomentQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeviceAnswer | undefined> {
    if (isMoment(query)) return pastDevice(this.store, registrationId, query, this.clock());
    await this.ownWrites.wait(query.atLeast, deviceStatusProjection, hubMembershipProjection);
    const [status, membership] = await Promise.all([
      findDeviceStatus(this.database, registrationId),
      findHubMembership(this.database, registrationId),
    ]);
    if (status === undefined) throw unknownDevice(registrationId);
    const started = status.status === 'assigning' ? status.operation.startedAt : null;
    const assigningForMs = started === null ? null : Math.max(0, this.clock().getTime() - Date.parse(started));
    // Two read models, each with its own progress: the tag names both, so that it stands for exactly this answer.
    const etag = `"${status.revision}.${membership?.revision ?? 'none'}"`;
    // While the device is assigning the answer grows older by itself, so no earlier one stands for it.
    const known = assigningForMs === null ? ifNoneMatch : undefined;
    return answerConditionally(reply, known, etag, { ...status, membership: membership ?? null, assigningForMs });
  }

  @Get(':registrationId/twin')
  @Documented({
    summary:
      "A device's twin as the service knows it: initial state, last known state at the hub, what the last migration carried",
    description: 'With `at` or `revision` as it was then, and the twin at the hub as far as a log tells it.',
    answer: twinAtSchema,
    errors: [400, 404, 503],
    conditional: true,
  })
  async twin(
    @Param('registrationId', IdPipe) registrationId: string,
    @Query() query: MomentQuery,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TwinData | undefined> {
    if (isMoment(query)) return pastTwin(this.store, this.hubTwins, registrationId, query, this.clock());
    await this.ownWrites.wait(query.atLeast, twinDataProjection);
    const twin = await findTwinData(this.database, registrationId);
    if (twin === undefined) throw unknownDevice(registrationId);
    return answerConditionally(reply, ifNoneMatch, `"${twin.revision}"`, twin);
  }

  @Get(':registrationId/operations')
  @Documented({
    summary: "A device's registration operations, newest first",
    answer: schema.page(operationSchema),
    errors: [400, 503],
  })
  async operations(
    @Param('registrationId', IdPipe) registrationId: string,
    @Query() query: OperationsQuery,
  ): Promise<Page<Operation>> {
    await this.ownWrites.wait(query.atLeast, operationsProjection);
    const { status, action, hub, startedSince } = query;
    return listOperations(this.database, { registrationId, status, action, hub, startedSince }, query);
  }
}
