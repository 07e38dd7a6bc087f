import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CaCertificatesModule } from '../certificates/ca-certificates.module';
import { EnrollmentsModule } from '../enrollments/enrollments.module';
import { HubsModule } from '../hubs/hubs.module';
import { AccessModule } from '../operators/access.module';
import { AttestationFailuresController } from './attestation-failures.controller';
import { CaCertificatesController, CertificateExpiryController } from './ca-certificates.controller';
import { DevicesController } from './devices.controller';
import { EnrollmentGroupsReadController, IndividualEnrollmentsReadController } from './enrollments-read.controller';
import { HubsController } from './hubs.controller';
import { LinkedHubsController } from './linked-hubs.controller';
import { OpenApiDocument } from './openapi';
import { OpenApiController, UnknownRouteController } from './openapi.controller';
import { OperationsController } from './operations.controller';
import { PreviewController } from './preview.controller';
import { ReadOwnWrites } from './projection-monitor';
import { ProjectionsController } from './projections.controller';
import { EnrollmentGroupKeyController, EnrollmentKeyController } from './regenerate-key.controller';
import { EnrollmentGroupPolicyController, EnrollmentPolicyController } from './reprovision-policy.controller';

/**
 * /api/v1. Needs EVENT_STORE, READ_DATABASE, ACCESS_CONTROL, CLOCK and PROJECTION_MONITOR from a global module; the composition root
 * calls `OpenApiDocument.publish(application)` before it listens.
 */
@Module({
  imports: [AccessModule, CqrsModule, CaCertificatesModule, HubsModule, EnrollmentsModule],
  controllers: [
    LinkedHubsController,
    EnrollmentPolicyController,
    EnrollmentGroupPolicyController,
    DevicesController,
    HubsController,
    OperationsController,
    AttestationFailuresController,
    CaCertificatesController,
    CertificateExpiryController,
    EnrollmentKeyController,
    EnrollmentGroupKeyController,
    PreviewController,
    IndividualEnrollmentsReadController,
    EnrollmentGroupsReadController,
    ProjectionsController,
    OpenApiController,
    UnknownRouteController,
  ],
  providers: [ReadOwnWrites, OpenApiDocument],
  exports: [OpenApiDocument],
})
export class ManagementModule {}
