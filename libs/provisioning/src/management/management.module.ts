import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EnrollmentsModule } from '../enrollments/enrollments.module';
import { HubsModule } from '../hubs/hubs.module';
import { DevicesController } from './devices.controller';
import { EnrollmentGroupsReadController, IndividualEnrollmentsReadController } from './enrollments-read.controller';
import { HealthController } from './health.controller';
import { HubsController } from './hubs.controller';
import { LinkedHubsController } from './linked-hubs.controller';
import { OpenApiDocument } from './openapi';
import { OpenApiController, UnknownRouteController } from './openapi.controller';
import { OperationsController } from './operations.controller';
import { ReadOwnWrites } from './projection-monitor';
import { ProjectionsController } from './projections.controller';
import { Readiness } from './readiness';
import { EnrollmentGroupPolicyController, EnrollmentPolicyController } from './reprovision-policy.controller';

/**
 * /api/v1 and the health routes. Needs EVENT_STORE, READ_DATABASE, ACCESS_CONTROL, CLOCK, PROJECTION_MONITOR and HEALTH_CHECKS
 * from a global module; the composition root calls `OpenApiDocument.publish(application)` before it listens.
 */
@Module({
  imports: [CqrsModule, HubsModule, EnrollmentsModule],
  controllers: [
    LinkedHubsController,
    EnrollmentPolicyController,
    EnrollmentGroupPolicyController,
    DevicesController,
    HubsController,
    OperationsController,
    IndividualEnrollmentsReadController,
    EnrollmentGroupsReadController,
    ProjectionsController,
    OpenApiController,
    UnknownRouteController,
    HealthController,
  ],
  providers: [ReadOwnWrites, OpenApiDocument, Readiness],
  exports: [OpenApiDocument],
})
export class ManagementModule {}
