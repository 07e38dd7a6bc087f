import { eventStoreContract } from '@app/event-sourcing/contract-suite';
import { serverName, startServer } from '@test/support/eventstoredb-peer/server';
import { AppendMode } from './appends';
import { EventStoreDbEventStore } from './event-store-db';

// One after the other: a process has one client.
for (const appendMode of ['single', 'batched'] satisfies AppendMode[]) {
  eventStoreContract(`EventStoreDB client, ${appendMode} appends, ${serverName}`, async () => {
    const server = await startServer();
    const { connectionString, peer } = server;
    const drop = (): Promise<void> => {
      peer?.dropConnections();
      return Promise.resolve();
    };
    return {
      store: await EventStoreDbEventStore.open({ connectionString, appendMode }),
      ...(peer === undefined ? {} : { drop }),
      cleanUp: () => server.stop(),
    };
  });
}
