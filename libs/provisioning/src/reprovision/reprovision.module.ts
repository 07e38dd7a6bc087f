import { Module } from '@nestjs/common';
import { HubsModule } from '../hubs/hubs.module';
import { RegistrationStoreModule } from '../registrations/registration-store.module';
import { ReprovisionController } from './reprovision.controller';
import { ReprovisionRequests } from './reprovision.request';

/** Reprovisioning on demand. Needs EVENT_STORE, HUB_GATEWAY, CLOCK, ACCESS_CONTROL and REPROVISION_METHOD from a global module. */
@Module({
  imports: [HubsModule, RegistrationStoreModule],
  controllers: [ReprovisionController],
  providers: [ReprovisionRequests],
  exports: [ReprovisionRequests],
})
export class ReprovisionModule {}
