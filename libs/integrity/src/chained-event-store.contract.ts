import { InMemoryEventStore } from '@app/event-sourcing';
import { eventStoreContract } from '@app/event-sourcing/contract-suite';
import { EventStoreDbEventStore } from '@app/eventstoredb';
import { PostgresEventStore } from '@app/postgres';
import { serverName, startServer } from '@test/support/eventstoredb-peer/server';
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

eventStoreContract(`EventStoreDB, chained, ${serverName}`, async () => {
  const server = await startServer();
  const { connectionString } = server;
  const store = new ChainedEventStore(await EventStoreDbEventStore.open({ connectionString }), macKey);
  return { store, cleanUp: () => server.stop() };
});
