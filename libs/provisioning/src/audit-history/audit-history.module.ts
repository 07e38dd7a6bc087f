import { Module } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { ReadOwnWrites } from '../management/projection-monitor';
import { ASSIGNMENT_LOG } from '../registrations/assignment.process';
import type { AssignmentLog } from '../registrations/assignment.process';
import type { ReadDatabase } from '../shared/read-database';
import { EVENT_STORE, READ_DATABASE } from '../shared/tokens';
import { AuditEventsController } from './audit-events.controller';
import { AuditExports } from './audit-exports';
import { AuditLog } from './audit-log';
import {
  DeviceHistoryController,
  EnrollmentGroupHistoryController,
  EnrollmentHistoryController,
  LinkedHubHistoryController,
} from './histories.controller';
import { ScopeHistories } from './scope-histories';

/** Who did what, when and why. The composition root closes the exports before its listener. Needs EVENT_STORE, READ_DATABASE, HUB_LOG, ACCESS_CONTROL and PROJECTION_MONITOR from a global module. */
@Module({
  controllers: [
    AuditEventsController,
    DeviceHistoryController,
    EnrollmentHistoryController,
    EnrollmentGroupHistoryController,
    LinkedHubHistoryController,
  ],
  providers: [
    ReadOwnWrites,
    {
      provide: AuditLog,
      inject: [READ_DATABASE, EVENT_STORE],
      useFactory: (database: ReadDatabase, store: EventStore) => new AuditLog(database, store),
    },
    {
      provide: ScopeHistories,
      inject: [AuditLog, ReadOwnWrites],
      useFactory: (audit: AuditLog, ownWrites: ReadOwnWrites) => new ScopeHistories(audit, ownWrites),
    },
    {
      provide: AuditExports,
      inject: [AuditLog, ASSIGNMENT_LOG],
      useFactory: (audit: AuditLog, log: AssignmentLog) => new AuditExports(audit, log),
    },
  ],
  exports: [AuditExports],
})
export class AuditHistoryModule {}
