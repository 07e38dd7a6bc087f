import { Log } from '@app/event-sourcing';
import { EventStoreDBClient } from '@eventstore/db-client';
import { setMaxListeners } from 'node:events';
import { within } from './backoff';
import { reasonOf } from './errors';

/** The one client of the process, and the signal that ends everything that uses it. */
export interface Connection {
  readonly client: EventStoreDBClient;
  readonly log: Log;
  readonly closed: AbortSignal;
  close(): Promise<void>;
}

/** How long `close` waits for open calls to end; their promises are settled by the closing signal in any case. */
const DISPOSE_TIMEOUT_MS = 2_000;

/** On the global object, because two copies of this module in one process would still share the client's own global state. */
const LEASE = Symbol.for('rehome.eventstoredb.client');

/** The product's newer name for the same protocol; the client, older than the name, does not know it. */
const KURRENTDB_SCHEME = /^kurrentdb(?=\+discover:|:)/;

/** Protected members of the client, at exactly the version that package.json pins. */
interface ClientInternals {
  handleError?: (client: unknown, error: Error) => Promise<void>;
  getChannel?: () => Promise<{ close(): void }>;
}

/**
 * Opens the one client that a process may have: the client library keeps pending batch appends in a map of the process, so with two
 * clients the loss of one connection rejects the appends of the other, and a late answer ends the process.
 *
 * Errors: an Error when a client is open already, or when the text is no connection string (which is not repeated: it may hold
 * credentials).
 */
export function connect(connectionString: string, log: Log): Connection {
  const lease = globalThis as { [LEASE]?: true };
  if (lease[LEASE] === true) {
    throw new Error(
      'this process has an EventStoreDB client already: close the first store or share it (one client per process)',
    );
  }
  const client = parse(connectionString);
  guardReconnection(client, log);
  lease[LEASE] = true;
  const closing = new AbortController();
  // One listener for every call that waits for its next try: no leak, so no warning.
  setMaxListeners(0, closing.signal);
  return {
    client,
    log,
    closed: closing.signal,
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort();
      try {
        await within('closing', DISPOSE_TIMEOUT_MS, dispose(client));
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, 'event store connection was not closed in order');
      } finally {
        lease[LEASE] = undefined;
      }
    },
  };
}

function parse(connectionString: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(connectionString.replace(KURRENTDB_SCHEME, 'esdb'));
  } catch {
    throw new Error('the event store URL is not a valid connection string such as esdb://host:2113?tls=true');
  }
}

/**
 * The client looks for another node in a promise that nobody awaits; when the whole cluster is away that promise rejects, and an
 * unhandled rejection ends the process. The call that failed gets its own error anyway.
 */
function guardReconnection(client: EventStoreDBClient, log: Log): void {
  const internals = client as unknown as ClientInternals;
  const handleError = internals.handleError;
  if (handleError === undefined)
    throw new Error('this version of the EventStoreDB client is not the one the adapter was made for');
  internals.handleError = async (failed, error) => {
    try {
      await handleError(failed, error);
    } catch (reason) {
      log.warn({ reason: reasonOf(reason) }, 'event store client found no node to reconnect to');
    }
  };
}

/** Ends open calls, then the channel, which the client's own `dispose` leaves open. */
async function dispose(client: EventStoreDBClient): Promise<void> {
  await client.dispose();
  const channel = await (client as unknown as ClientInternals).getChannel?.();
  channel?.close();
}
