import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '@app/event-sourcing';
import type { HubGateway } from '@app/hub-gateway';
import { HubsModule } from '../hubs/hubs.module';
import { LinkedHubs } from '../hubs/linked-hubs';
import { ReadOwnWrites } from '../management/projection-monitor';
import { ASSIGNMENT_LOG, FAILPOINT } from '../registrations/assignment.process';
import type { AssignmentLog } from '../registrations/assignment.process';
import { RegistrationStoreModule } from '../registrations/registration-store.module';
import { RegistrationStore } from '../registrations/registration.store';
import { ReprovisionModule } from '../reprovision/reprovision.module';
import { ReprovisionRequests } from '../reprovision/reprovision.request';
import type { ReadDatabase } from '../shared/read-database';
import { CLOCK, EVENT_STORE, HUB_GATEWAY, READ_DATABASE } from '../shared/tokens';
import type { Clock } from '../shared/tokens';
import { CampaignDevices } from './campaign.devices';
import { CampaignPreviews } from './campaign.preview';
import { CampaignProcess } from './campaign.process';
import { CampaignSelection } from './campaign.selection';
import { CampaignStore } from './campaign.store';
import { CampaignCommands } from './campaigns.commands';
import { CampaignsController } from './campaigns.controller';

/** Moving many devices in waves: the API, and the process manager, which the composition root starts where it is to run. */
@Module({
  imports: [CqrsModule, HubsModule, RegistrationStoreModule, ReprovisionModule],
  controllers: [CampaignsController],
  providers: [
    ReadOwnWrites,
    CampaignCommands,
    CampaignPreviews,
    { provide: CampaignStore, inject: [EVENT_STORE], useFactory: (store: EventStore) => new CampaignStore(store) },
    {
      provide: CampaignSelection,
      inject: [READ_DATABASE, LinkedHubs, HUB_GATEWAY, CampaignStore],
      useFactory: (database: ReadDatabase, hubs: LinkedHubs, gateway: HubGateway, campaigns: CampaignStore) =>
        new CampaignSelection(database, hubs, gateway, campaigns),
    },
    {
      provide: CampaignProcess,
      inject: [
        CampaignStore,
        CampaignSelection,
        RegistrationStore,
        ReprovisionRequests,
        LinkedHubs,
        READ_DATABASE,
        ASSIGNMENT_LOG,
        FAILPOINT,
        CLOCK,
      ],
      useFactory: (
        campaigns: CampaignStore,
        selection: CampaignSelection,
        registrations: RegistrationStore,
        requests: ReprovisionRequests,
        hubs: LinkedHubs,
        database: ReadDatabase,
        log: AssignmentLog,
        failpoint: (name: string) => void,
        now: Clock,
      ) => {
        const devices = new CampaignDevices(registrations, campaigns, requests, hubs, now);
        return new CampaignProcess({ campaigns, selection, devices, database, log, failpoint, now });
      },
    },
  ],
  exports: [CampaignProcess],
})
export class CampaignsModule {}
