import { eventStoreContract } from '@app/event-sourcing/contract-suite';
import { startPeer } from '@test/support/eventstoredb-peer/peer';
import { AppendMode } from './appends';
import { EventStoreDbEventStore } from './event-store-db';

/** The real server to test against; without it, the protocol peer. */
const serverUrl = process.env.ESDB_URL ?? '';

// One after the other: a process has one client.
for (const appendMode of ['single', 'batched'] satisfies AppendMode[]) {
  const server = serverUrl === '' ? 'protocol peer' : 'server at ESDB_URL';
  eventStoreContract(`EventStoreDB client, ${appendMode} appends, ${server}`, async () => {
    if (serverUrl !== '') return { store: await EventStoreDbEventStore.open({ connectionString: serverUrl, appendMode }) };
    const peer = await startPeer();
    const { connectionString } = peer;
    return {
      store: await EventStoreDbEventStore.open({ connectionString, appendMode }),
      drop: () => {
        peer.dropConnections();
        return Promise.resolve();
      },
      cleanUp: () => peer.stop(),
    };
  });
}
