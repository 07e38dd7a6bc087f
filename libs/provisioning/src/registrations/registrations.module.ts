import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '@app/event-sourcing';
import type { HubGateway } from '@app/hub-gateway';
import { EnrollmentGroupsDirectory } from '../enrollments/enrollment-groups.directory';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { EnrollmentsModule } from '../enrollments/enrollments.module';
import { HubsModule } from '../hubs/hubs.module';
import { LinkedHubs } from '../hubs/linked-hubs';
import type { SecretBox } from '../shared/secret-box';
import { CLOCK, EVENT_STORE, HUB_GATEWAY, SECRET_BOX } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { StoredAssignmentFacts } from './assignment.facts';
import { ASSIGNMENT_LOG, AssignmentProcess, FAILPOINT } from './assignment.process';
import type { AssignmentLog } from './assignment.process';
import { AttestDeviceHandler } from './attest-device.handler';
import { DeviceApi } from './device-api';
import { DeviceAttestation } from './device-attestation';
import { RegistrationSettings } from './registration.settings';
import { RegistrationStoreModule } from './registration-store.module';
import { RegistrationStore } from './registration.store';
import { RegistrationsController } from './registrations.controller';
import {
  DeleteRegistrationHandler,
  GetOperationHandler,
  GetRegistrationHandler,
  RegisterDeviceHandler,
} from './registrations.handler';

/** Device registrations: the device API, the decisions and the process that carries them out. */
@Module({
  imports: [CqrsModule, EnrollmentsModule, HubsModule, RegistrationStoreModule],
  controllers: [RegistrationsController],
  providers: [
    {
      provide: DeviceAttestation,
      inject: [EVENT_STORE, EnrollmentReader, EnrollmentGroupsDirectory, SECRET_BOX, RegistrationSettings, CLOCK],
      useFactory: (
        store: EventStore,
        enrollments: EnrollmentReader,
        groups: EnrollmentGroupsDirectory,
        secrets: SecretBox,
        settings: RegistrationSettings,
        clock: Clock,
      ) => new DeviceAttestation(store, enrollments, groups, secrets, settings.idScope, clock),
    },
    {
      provide: AssignmentProcess,
      inject: [RegistrationStore, HUB_GATEWAY, EnrollmentReader, LinkedHubs, SECRET_BOX, ASSIGNMENT_LOG, FAILPOINT, CLOCK],
      useFactory: (
        registrations: RegistrationStore,
        gateway: HubGateway,
        enrollments: EnrollmentReader,
        hubs: LinkedHubs,
        secrets: SecretBox,
        log: AssignmentLog,
        failpoint: (name: string) => void,
        now: Clock,
      ) => {
        const facts = new StoredAssignmentFacts(enrollments, hubs, secrets);
        return new AssignmentProcess({ registrations, gateway, facts, log, failpoint, now });
      },
    },
    DeviceApi,
    AttestDeviceHandler,
    RegisterDeviceHandler,
    DeleteRegistrationHandler,
    GetOperationHandler,
    GetRegistrationHandler,
  ],
  exports: [AssignmentProcess, DeviceApi],
})
export class RegistrationsModule {}
