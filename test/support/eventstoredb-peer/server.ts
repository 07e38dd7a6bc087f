import { Member } from './member';
import { startPeer } from './peer';

/** The EventStoreDB that a test talks to. */
export interface TestServer {
  readonly connectionString: string;
  /** Absent for a real server, which does not misbehave on demand. */
  readonly peer?: Member;
  stop(): Promise<void>;
}

/** The real server to test against; without it, the protocol peer. */
export const serverUrl = process.env.ESDB_URL ?? '';

export const serverName = serverUrl === '' ? 'protocol peer' : 'server at ESDB_URL';

/** A peer of its own, or the server at `ESDB_URL`, which is shared and holds what other tests have written. */
export async function startServer(): Promise<TestServer> {
  if (serverUrl !== '') return { connectionString: serverUrl, stop: () => Promise.resolve() };
  const peer = await startPeer();
  return { connectionString: peer.connectionString, peer, stop: () => peer.stop() };
}
