import { Module } from '@nestjs/common';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '@app/event-sourcing';
import type { HubGateway } from '@app/hub-gateway';
import type { SubjectKeys } from '@app/sealing';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { EnrollmentsModule } from '../enrollments/enrollments.module';
import { HubsModule } from '../hubs/hubs.module';
import { LinkedHubs } from '../hubs/linked-hubs';
import { ASSIGNMENT_LOG, FAILPOINT } from '../registrations/assignment.process';
import type { AssignmentLog } from '../registrations/assignment.process';
import { RegistrationStoreModule } from '../registrations/registration-store.module';
import { RegistrationStore } from '../registrations/registration.store';
import type { ReadDatabase } from '../shared/read-database';
import { CLOCK, EVENT_STORE, HUB_GATEWAY, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { ErasureController } from './erasure.controller';
import { ErasureProcess } from './erasure.process';
import { Erasures } from './erasures';

/** Injection token of the `SubjectKeys`. */
export const SUBJECT_KEYS = Symbol('SUBJECT_KEYS');

/** Erasure of a device's data: the API, and the process manager, which the composition root starts where it is to run. */
@Module({
  imports: [CqrsModule, EnrollmentsModule, HubsModule, RegistrationStoreModule],
  controllers: [ErasureController],
  providers: [
    Erasures,
    {
      provide: ErasureProcess,
      inject: [
        EVENT_STORE,
        RegistrationStore,
        EnrollmentReader,
        CommandBus,
        LinkedHubs,
        HUB_GATEWAY,
        SUBJECT_KEYS,
        READ_DATABASE,
        CLOCK,
        FAILPOINT,
        ASSIGNMENT_LOG,
      ],
      useFactory: (
        store: EventStore,
        registrations: RegistrationStore,
        enrollments: EnrollmentReader,
        commands: CommandBus,
        hubs: LinkedHubs,
        gateway: HubGateway,
        keys: SubjectKeys,
        database: ReadDatabase,
        now: Clock,
        failpoint: (name: string) => void,
        log: AssignmentLog,
      ) =>
        new ErasureProcess({ store, registrations, enrollments, commands, hubs, gateway, keys, database, now, failpoint, log }),
    },
  ],
  exports: [ErasureProcess],
})
export class ErasureModule {}
