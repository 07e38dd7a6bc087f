import { eventStoreContract } from './contract-suite';
import { InMemoryEventStore } from './in-memory-event-store';

eventStoreContract('in memory', () => Promise.resolve({ store: new InMemoryEventStore() }));
