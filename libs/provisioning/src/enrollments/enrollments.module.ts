import { Inject, Logger, Module, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { silentLog } from '@app/event-sourcing';
import type { EventStore, Log } from '@app/event-sourcing';
import { RightGuard } from '../operators/require-right.guard';
import { ServiceApiVersionGuard } from '../operators/service-operation';
import { RegistrationStoreModule } from '../registrations/registration-store.module';
import { PROJECTION_MONITOR } from '../management/projection-monitor';
import type { ProjectionMonitor } from '../management/projection-monitor';
import type { ReadDatabase } from '../shared/read-database';
import { EVENT_STORE, READ_DATABASE, STORED_EVENTS } from '../shared/tokens';
import { knownGroups } from './known-groups';
import { BulkEnrollments } from './bulk';
import { EnrollmentCatalog } from './enrollment.catalog';
import { EnrollmentHandling } from './enrollment-handling';
import { EnrollmentReader } from './enrollment.reader';
import { EnrollmentGroupsController } from './enrollment-groups.controller';
import { EnrollmentGroupsDirectory } from './enrollment-groups.directory';
import { EnrollmentsController } from './enrollments.controller';
import { enrollmentHandlers } from './enrollments.handler';
import { EnrollmentsService } from './enrollments.service';
import { GroupLimit } from './group-limit';

const logger = new Logger('enrollment groups');
const directoryLog: Log = {
  ...silentLog,
  warn: (fields, message) => logger.warn({ ...fields, reason: message }),
  error: (fields, message) => logger.error({ ...fields, reason: message }),
};

/** The log is read at some 100,000 events a second; past this time devices of groups are asked to come back until it is read. */
const DIRECTORY_START_TIMEOUT_MS = 60_000;

/**
 * Enrollments: commands, readers, the Service API. Needs EVENT_STORE, STORED_EVENTS, SECRET_BOX, ACCESS_CONTROL, CLOCK, READ_DATABASE and
 * PROJECTION_MONITOR from a global module.
 */
@Module({
  imports: [CqrsModule, RegistrationStoreModule],
  controllers: [EnrollmentsController, EnrollmentGroupsController],
  providers: [
    { provide: EnrollmentReader, inject: [EVENT_STORE], useFactory: (store: EventStore) => new EnrollmentReader(store) },
    {
      provide: EnrollmentGroupsDirectory,
      inject: [STORED_EVENTS, READ_DATABASE, PROJECTION_MONITOR],
      useFactory: (store: EventStore, database: ReadDatabase, projections: ProjectionMonitor) =>
        new EnrollmentGroupsDirectory(store, directoryLog, () => knownGroups(database, projections)),
    },
    EnrollmentHandling,
    GroupLimit,
    ...enrollmentHandlers,
    EnrollmentCatalog,
    EnrollmentsService,
    BulkEnrollments,
    RightGuard,
    ServiceApiVersionGuard,
  ],
  exports: [EnrollmentReader, EnrollmentGroupsDirectory],
})
export class EnrollmentsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(EnrollmentGroupsDirectory) private readonly groups: EnrollmentGroupsDirectory,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Devices of groups that the directory has not met yet could not be told from strangers, so nothing is answered before it is full. */
  async onApplicationBootstrap(): Promise<void> {
    this.groups.start();
    await this.groups.caughtUpTo(await this.store.headPosition(), DIRECTORY_START_TIMEOUT_MS);
  }

  onApplicationShutdown(): Promise<void> {
    return this.groups.stop();
  }
}
