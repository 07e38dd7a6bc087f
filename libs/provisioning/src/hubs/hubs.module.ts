import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '@app/event-sourcing';
import type { SecretBox } from '../shared/secret-box';
import { EVENT_STORE, SECRET_BOX } from '../shared/tokens';
import { HubHandling, LinkHubHandler, UnlinkHubHandler, UpdateLinkedHubHandler } from './hubs.handler';
import { LinkedHubs } from './linked-hubs';

/** Linked hubs: commands and the reader. Needs EVENT_STORE, SECRET_BOX and CLOCK from a global module. */
@Module({
  imports: [CqrsModule],
  providers: [
    {
      provide: LinkedHubs,
      inject: [EVENT_STORE, SECRET_BOX],
      useFactory: (store: EventStore, secrets: SecretBox) => new LinkedHubs(store, secrets),
    },
    HubHandling,
    LinkHubHandler,
    UpdateLinkedHubHandler,
    UnlinkHubHandler,
  ],
  exports: [LinkedHubs],
})
export class HubsModule {}
