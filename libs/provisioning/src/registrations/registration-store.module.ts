import { Module } from '@nestjs/common';
import type { EventStore } from '@app/event-sourcing';
import { EVENT_STORE } from '../shared/tokens';
import { RegistrationStore } from './registration.store';

/** The one `RegistrationStore` of a process, for every feature that reads registrations. */
@Module({
  providers: [
    { provide: RegistrationStore, inject: [EVENT_STORE], useFactory: (store: EventStore) => new RegistrationStore(store) },
  ],
  exports: [RegistrationStore],
})
export class RegistrationStoreModule {}
