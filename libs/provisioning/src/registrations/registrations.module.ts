import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '@app/event-sourcing';
import type { HubGateway } from '@app/hub-gateway';
import { AttestationFailures } from '../attestation-failures/attestation-failures';
import { AttestationFailuresModule } from '../attestation-failures/attestation-failures.module';
import { CaCertificates } from '../certificates/ca-certificates';
import { CaCertificatesModule } from '../certificates/ca-certificates.module';
import { EnrollmentGroupsDirectory } from '../enrollments/enrollment-groups.directory';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { EnrollmentsModule } from '../enrollments/enrollments.module';
import { HubsModule } from '../hubs/hubs.module';
import { LinkedHubs } from '../hubs/linked-hubs';
import { MeasuredLatencies } from '../latencies/measured-latencies';
import { MeasuredLatenciesModule } from '../latencies/measured-latencies.module';
import type { ReadDatabase } from '../shared/read-database';
import type { SecretBox } from '../shared/secret-box';
import { CLOCK, EVENT_STORE, HUB_GATEWAY, READ_DATABASE, SECRET_BOX } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { AllocationFacts } from './allocation.facts';
import { StoredAssignmentFacts } from './assignment.facts';
import { ASSIGNMENT_LOG, AssignmentProcess, FAILPOINT } from './assignment.process';
import type { AssignmentLog } from './assignment.process';
import { AttestDeviceHandler } from './attest-device.handler';
import { DeviceApi } from './device-api';
import { notedFailure } from './attestation-failure.notes';
import { CertificateAttestation } from './certificate-attestation';
import { DeviceAttestation } from './device-attestation';
import { HubDeviceCounts } from './hub-device-counts';
import { PreviewRegistrationHandler } from './preview.handler';
import { RegistrationSettings } from './registration.settings';
import { RegistrationStoreModule } from './registration-store.module';
import { RegistrationStore } from './registration.store';
import { RegistrationsController } from './registrations.controller';
import { TpmAttestation } from './tpm-attestation';
import { TpmKeys } from './tpm-keys';
import { WebhookClient } from './webhook.client';
import { WebhookNetworks } from './webhook.networks';
import {
  DeleteRegistrationHandler,
  GetOperationHandler,
  GetRegistrationHandler,
  RegisterDeviceHandler,
} from './registrations.handler';

/** Device registrations: the device API, the decisions and the process that carries them out. */
@Module({
  imports: [
    CqrsModule,
    AttestationFailuresModule,
    CaCertificatesModule,
    EnrollmentsModule,
    HubsModule,
    MeasuredLatenciesModule,
    RegistrationStoreModule,
  ],
  controllers: [RegistrationsController],
  providers: [
    {
      provide: TpmKeys,
      inject: [SECRET_BOX, RegistrationSettings],
      useFactory: (secrets: SecretBox, { idScope }: RegistrationSettings) => new TpmKeys(secrets, idScope),
    },
    {
      provide: TpmAttestation,
      inject: [EnrollmentReader, TpmKeys, AttestationFailures, RegistrationSettings, CLOCK],
      useFactory: (
        enrollments: EnrollmentReader,
        keys: TpmKeys,
        failures: AttestationFailures,
        { idScope }: RegistrationSettings,
        clock: Clock,
      ) =>
        new TpmAttestation({
          enrollments,
          keys,
          idScope,
          clock,
          onRefused: (device, refused) => failures.note(notedFailure(device, refused, clock())),
        }),
    },
    {
      provide: DeviceAttestation,
      inject: [
        EVENT_STORE,
        EnrollmentReader,
        EnrollmentGroupsDirectory,
        CaCertificates,
        TpmAttestation,
        AttestationFailures,
        SECRET_BOX,
        RegistrationSettings,
        CLOCK,
      ],
      useFactory: (
        store: EventStore,
        enrollments: EnrollmentReader,
        groups: EnrollmentGroupsDirectory,
        authorities: CaCertificates,
        tpm: TpmAttestation,
        failures: AttestationFailures,
        secrets: SecretBox,
        { idScope }: RegistrationSettings,
        clock: Clock,
      ) =>
        new DeviceAttestation({
          store,
          enrollments,
          groups,
          certificates: new CertificateAttestation(enrollments, groups, authorities),
          tpm,
          secrets,
          idScope,
          clock,
          onRefused: (call, refused) => failures.note(notedFailure(call, refused, clock())),
        }),
    },
    {
      provide: AllocationFacts,
      inject: [LinkedHubs, READ_DATABASE, HUB_GATEWAY, SECRET_BOX, RegistrationSettings, MeasuredLatencies, CLOCK],
      useFactory: (
        hubs: LinkedHubs,
        database: ReadDatabase,
        gateway: HubGateway,
        secrets: SecretBox,
        settings: RegistrationSettings,
        measured: MeasuredLatencies,
        clock: Clock,
      ) => {
        const webhooks = new WebhookClient(new WebhookNetworks(settings.allocation.webhookNetworks));
        const counts = new HubDeviceCounts(database, clock);
        return new AllocationFacts({ hubs, counts, gateway, webhooks, secrets, settings, measured });
      },
    },
    {
      provide: AssignmentProcess,
      inject: [
        RegistrationStore,
        HUB_GATEWAY,
        EnrollmentReader,
        LinkedHubs,
        SECRET_BOX,
        TpmKeys,
        ASSIGNMENT_LOG,
        FAILPOINT,
        CLOCK,
      ],
      useFactory: (
        registrations: RegistrationStore,
        gateway: HubGateway,
        enrollments: EnrollmentReader,
        hubs: LinkedHubs,
        secrets: SecretBox,
        tpmKeys: TpmKeys,
        log: AssignmentLog,
        failpoint: (name: string) => void,
        now: Clock,
      ) => {
        const facts = new StoredAssignmentFacts(enrollments, hubs, secrets, tpmKeys);
        return new AssignmentProcess({ registrations, gateway, facts, log, failpoint, now });
      },
    },
    DeviceApi,
    AttestDeviceHandler,
    PreviewRegistrationHandler,
    RegisterDeviceHandler,
    DeleteRegistrationHandler,
    GetOperationHandler,
    GetRegistrationHandler,
  ],
  exports: [AssignmentProcess, DeviceApi, TpmAttestation],
})
export class RegistrationsModule {}
