import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { RegistrationsModule } from '../registrations/registrations.module';
import { RegistrationQuery } from './registration-query';
import { RegistrationsServiceController } from './registrations-service.controller';

/**
 * Service API: registration records. Needs EVENT_STORE, READ_DATABASE, ACCESS_CONTROL, CLOCK and PROJECTION_MONITOR from a global
 * module, and what `RegistrationsModule` needs.
 */
@Module({
  imports: [CqrsModule, RegistrationsModule],
  controllers: [RegistrationsServiceController],
  providers: [RegistrationQuery],
})
export class RegistrationsServiceModule {}
