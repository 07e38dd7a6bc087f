import { Module } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { EVENT_STORE } from '../shared/tokens';
import { WebhookStore } from './webhook.store';
import { WebhooksController } from './webhooks.controller';
import { Webhooks } from './webhooks.service';

/** Webhooks out: their API. Deliveries are started by the composition root where they are to run. */
@Module({
  controllers: [WebhooksController],
  providers: [
    Webhooks,
    { provide: WebhookStore, inject: [EVENT_STORE], useFactory: (store: EventStore) => new WebhookStore(store) },
  ],
  exports: [WebhookStore],
})
export class WebhooksModule {}
