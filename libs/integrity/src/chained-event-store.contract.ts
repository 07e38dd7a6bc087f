import { InMemoryEventStore } from '@app/event-sourcing';
import { eventStoreContract } from '@app/event-sourcing/contract-suite';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { PostgresEventStore } from '@app/postgres';
import { startPeer } from '@test/support/eventstoredb-peer/peer';
import { createTestDatabase } from '@test/support/postgres';
import { ChainedEventStore } from './chained-event-store';

const macKey = Buffer.alloc(32, 1);

eventStoreContract('in memory, chained', () =>
  Promise.resolve({ store: new ChainedEventStore(new InMemoryEventStore(), macKey) }),
);

eventStoreContract('PostgreSQL, chained', async () => {
  const database = await createTestDatabase();
  const store = new ChainedEventStore(await PostgresEventStore.open({ config: database.config }), macKey);
  return { store, cleanUp: () => database.drop() };
});

eventStoreContract('EventStoreDB, chained', async () => {
  const peer = await startPeer();
  const { connectionString } = peer;
  const store = new ChainedEventStore(await EventStoreDbEventStore.open({ connectionString }), macKey);
  return { store, cleanUp: () => peer.stop() };
});
