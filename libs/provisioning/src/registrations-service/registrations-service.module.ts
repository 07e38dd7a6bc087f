import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { RegistrationStoreModule } from '../registrations/registration-store.module';
import { RegistrationQuery } from './registration-query';
import { RegistrationsServiceController } from './registrations-service.controller';

/**
 * Service API: registration records. Needs EVENT_STORE, READ_DATABASE, ACCESS_CONTROL, CLOCK and PROJECTION_MONITOR from a global
 * module, and the handlers of `RegistrationsModule`.
 */
@Module({
  imports: [CqrsModule, RegistrationStoreModule],
  controllers: [RegistrationsServiceController],
  providers: [RegistrationQuery],
})
export class RegistrationsServiceModule {}
