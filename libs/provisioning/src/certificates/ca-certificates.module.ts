import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '@app/event-sourcing';
import { EVENT_STORE } from '../shared/tokens';
import { CaCertificates } from './ca-certificates';
import { caCertificateHandlers } from './ca-certificates.handler';

/** CA certificates: commands and the reader. Needs EVENT_STORE and CLOCK from a global module. */
@Module({
  imports: [CqrsModule],
  providers: [
    { provide: CaCertificates, inject: [EVENT_STORE], useFactory: (store: EventStore) => new CaCertificates(store) },
    ...caCertificateHandlers,
  ],
  exports: [CaCertificates],
})
export class CaCertificatesModule {}
