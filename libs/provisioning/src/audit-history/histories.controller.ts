import { Get, Inject, Param, Query } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { Documented, ManagementController } from '../management/documented';
import { HostNamePipe, IdPipe } from '../management/path.pipe';
import { ProblemError } from '../management/problem';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import type { Page } from '../read-models/page';
import { EVENT_STORE } from '../shared/tokens';
import { auditEventSchema } from './audit-event';
import type { AuditEvent } from './audit-event';
import { DeviceHistoryQuery, ScopeHistoryQuery } from './audit-history.dto';
import { readDeviceTimeline } from './device-timeline';
import { HUB_LOG } from './hub-log';
import type { HubLog } from './hub-log';
import { ScopeHistories } from './scope-histories';

const listing = { answer: schema.page(auditEventSchema), errors: [400, 503] };

@ManagementController('devices', 'Audit')
@RequireRight('AuditRead')
export class DeviceHistoryController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(HUB_LOG) private readonly hubLog: HubLog | null,
  ) {}

  @Get(':registrationId/history')
  @Documented({
    summary: 'What happened to a device, newest first, also before its registration was deleted',
    description:
      'From the logs themselves. What happened to it at a reference hub whose log this service can read is merged in by time; `twin=false` leaves it out.',
    answer: schema.page(auditEventSchema),
    errors: [400, 404, 503],
  })
  async history(@Param('registrationId', IdPipe) id: string, @Query() query: DeviceHistoryQuery): Promise<Page<AuditEvent>> {
    const page = await readDeviceTimeline(this.store, query.twin === false ? null : this.hubLog, id, query);
    if (page === undefined) throw ProblemError.notFound(`Nothing has ever happened to ${id}.`);
    return page;
  }
}

@ManagementController('enrollments', 'Audit')
@RequireRight('AuditRead')
export class EnrollmentHistoryController {
  constructor(private readonly histories: ScopeHistories) {}

  @Get(':registrationId/history')
  @Documented({ summary: 'Changes of an individual enrollment and decisions made by it, newest first', ...listing })
  history(@Param('registrationId', IdPipe) id: string, @Query() query: ScopeHistoryQuery): Promise<Page<AuditEvent>> {
    return this.histories.read(query, { enrollment: { kind: 'individual', id } });
  }
}

@ManagementController('enrollment-groups', 'Audit')
@RequireRight('AuditRead')
export class EnrollmentGroupHistoryController {
  constructor(private readonly histories: ScopeHistories) {}

  @Get(':enrollmentGroupId/history')
  @Documented({ summary: 'Changes of an enrollment group and decisions made by it, newest first', ...listing })
  history(@Param('enrollmentGroupId', IdPipe) id: string, @Query() query: ScopeHistoryQuery): Promise<Page<AuditEvent>> {
    return this.histories.read(query, { enrollment: { kind: 'group', id } });
  }
}

@ManagementController('linked-hubs', 'Audit')
@RequireRight('AuditRead')
export class LinkedHubHistoryController {
  constructor(private readonly histories: ScopeHistories) {}

  @Get(':hostName/history')
  @Documented({ summary: 'Changes of a linked hub and devices that came, went or stayed, newest first', ...listing })
  history(@Param('hostName', HostNamePipe) hub: string, @Query() query: ScopeHistoryQuery): Promise<Page<AuditEvent>> {
    return this.histories.read(query, { hub });
  }
}
